// Every scheme of torch.nn.init with arguments that it does not take.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/bad_requests/bad_requests_fixture.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Change = std::function<void(pb::Initializer&)>;

struct Scheme {
  std::string name;
  std::vector<std::string> numbers;  // Its parameters that are numbers.
  // Those without a default.
  std::vector<std::string> needed = {};
  bool has_mode = false;
};

const std::vector<Scheme>& Schemes() {
  static const auto* const schemes = new std::vector<Scheme>{
      {"uniform", {"a", "b"}},
      {"normal", {"mean", "std"}},
      {"trunc_normal", {"mean", "std", "a", "b"}},
      {"constant", {"val"}, {"val"}},
      {"ones", {}},
      {"zeros", {}},
      {"eye", {}},
      {"xavier_uniform", {"gain"}},
      {"xavier_normal", {"gain"}},
      {"kaiming_uniform", {"a"}, {}, true},
      {"kaiming_normal", {"a"}, {}, true},
      {"orthogonal", {"gain"}},
      {"sparse", {"sparsity", "std"}, {"sparsity"}},
  };
  return *schemes;
}

class BadInitializers : public BadRequests {
 protected:
  int64_t tables_max() const override { return 100; }

  void ExpectRefusedWith(const std::string& scheme, const Change& change,
                         const std::string& text) {
    pb::CreateTableRequest request;
    pb::TableSpec& spec = *request.mutable_spec();
    spec.set_name("new");
    spec.set_num_rows(4);
    spec.set_dim(2);
    spec.mutable_initializer()->set_scheme(scheme);
    change(*spec.mutable_initializer());
    ExpectRefused(spec.ShortDebugString().substr(0, 200),
                  Call(admin(), &pb::TableAdmin::Stub::CreateTable, request),
                  StatusCode::kInvalidArgument, text);
  }

  static Change Number(const std::string& name, double value) {
    return [=](pb::Initializer& init) {
      (*init.mutable_args())[name].set_number(value);
    };
  }
  static Change Text(const std::string& name, const std::string& value) {
    return [=](pb::Initializer& init) {
      (*init.mutable_args())[name].set_text(value);
    };
  }
  // What the scheme needs, and then a change.
  static Change WithNeeded(const Scheme& scheme, const Change& change) {
    return [=](pb::Initializer& init) {
      for (const std::string& name : scheme.needed) {
        (*init.mutable_args())[name].set_number(0.5);
      }
      change(init);
    };
  }
};

TEST_F(BadInitializers, SchemesThatThereAreNot) {
  for (const std::string scheme :
       {"gaussian", "Normal", "normal_", "torch.nn.init.normal", "dirac",
        " normal", "xavier"}) {
    ExpectRefusedWith(
        scheme, [](pb::Initializer&) {},
        absl::StrCat("initializer.scheme: \"", scheme,
                     "\", want one of uniform, normal"));
  }
  ExpectRefusedWith(
      std::string(100'000, 'n'), [](pb::Initializer&) {},
      "initializer.scheme: \"nnnn");
}

TEST_F(BadInitializers, ArgumentsThatTheSchemeDoesNotHave) {
  for (const Scheme& scheme : Schemes()) {
    for (const std::string name : {"", "foo", "Std", "tensor"}) {
      ExpectRefusedWith(scheme.name, WithNeeded(scheme, Number(name, 1)),
                        absl::StrCat("initializer.", name, ": ", scheme.name,
                                     " has no such argument"));
    }
    if (!scheme.has_mode) {
      ExpectRefusedWith(scheme.name, WithNeeded(scheme, Text("mode", "fan_in")),
                        "initializer.mode: " + scheme.name + " has no such");
    }
  }
}

TEST_F(BadInitializers, NumbersThatAreNone) {
  for (const Scheme& scheme : Schemes()) {
    for (const std::string& name : scheme.numbers) {
      const std::string path = absl::StrCat("initializer.", name, ": ");
      ExpectRefusedWith(scheme.name, WithNeeded(scheme, Text(name, "1")),
                        path + "\"1\", want a number");
      ExpectRefusedWith(scheme.name, WithNeeded(scheme, Text(name, "")),
                        path + "\"\", want a number");
      ExpectRefusedWith(scheme.name,
                        WithNeeded(scheme,
                                   [&](pb::Initializer& init) {
                                     (*init.mutable_args())[name].clear_value();
                                   }),
                        path + "has no value");
      ExpectRefusedWith(scheme.name, WithNeeded(scheme, Number(name, 1e39)),
                        path + "1e+39, want a finite float32 number");
      // A constant may be any float32, also these.
      if (scheme.name == "constant") continue;
      for (const double value :
           {double{NAN}, double{INFINITY}, -double{INFINITY}}) {
        ExpectRefusedWith(scheme.name, WithNeeded(scheme, Number(name, value)),
                          "want a finite float32 number");
      }
    }
    for (const std::string& name : scheme.needed) {
      ExpectRefusedWith(
          scheme.name, [](pb::Initializer&) {},
          absl::StrCat("initializer.", name, ": missing, ", scheme.name,
                       " needs it"));
    }
  }
}

TEST_F(BadInitializers, NumbersOutOfTheirRange) {
  const auto both = [](const Change& first, const Change& second) {
    return [=](pb::Initializer& init) {
      first(init);
      second(init);
    };
  };
  ExpectRefusedWith("uniform", Number("a", 2), "a: 2, want at most b = 1");
  ExpectRefusedWith("uniform", Number("b", -1), "a: 0, want at most b = -1");
  ExpectRefusedWith("uniform", both(Number("a", -3e38), Number("b", 3e38)),
                    "b: 3e+38 - -3e+38 is beyond float32");
  ExpectRefusedWith("normal", Number("std", -1), "std: -1, want at least 0");
  ExpectRefusedWith("normal", Number("std", -1e-30), "want at least 0");
  ExpectRefusedWith("trunc_normal", Number("std", 0), "std: 0, want more");
  ExpectRefusedWith("trunc_normal", Number("std", -1), "std: -1, want more");
  ExpectRefusedWith("trunc_normal", Number("a", 3), "want at most b = 2");
  ExpectRefusedWith("trunc_normal", Number("b", -3), "a: -2, want at most");
  ExpectRefusedWith("xavier_uniform", Number("gain", -1), "gain: -1, want at");
  ExpectRefusedWith("xavier_uniform", Number("gain", 3e38), "want bounds that");
  ExpectRefusedWith("xavier_normal", Number("gain", -1), "gain: -1, want at");
  ExpectRefusedWith("sparse", Number("sparsity", -0.1), "sparsity: -0.1, want");
  ExpectRefusedWith("sparse", both(Number("sparsity", 0.1), Number("std", -1)),
                    "std: -1, want at least 0");
}

TEST_F(BadInitializers, WordsThatAreNone) {
  for (const std::string scheme : {"kaiming_uniform", "kaiming_normal"}) {
    for (const std::string mode : {"", "fan", "in", "fan_in ", "fan-out"}) {
      ExpectRefusedWith(scheme, Text("mode", mode),
                        absl::StrCat("initializer.mode: \"", mode,
                                     "\", want fan_in or fan_out"));
    }
    ExpectRefusedWith(scheme, Number("mode", 1), "mode: 1, want a name");
    for (const std::string name : {"", "ReLU", "gelu", "leaky relu"}) {
      ExpectRefusedWith(scheme, Text("nonlinearity", name),
                        absl::StrCat("initializer.nonlinearity: \"", name,
                                     "\" is not known to calculate_gain"));
    }
    ExpectRefusedWith(scheme, Number("nonlinearity", 0), "0, want a name");
    ExpectRefusedWith(scheme, Text("mode", std::string(100'000, 'f')),
                      "want fan_in or fan_out");
  }
}

TEST_F(BadInitializers, MoreArgumentsThanAnySchemeHas) {
  for (const int count : {9, 1'000, 100'000}) {
    ExpectRefusedWith(
        "normal",
        [count](pb::Initializer& init) {
          for (int i = 0; i < count; ++i) {
            (*init.mutable_args())[absl::StrCat("x", i)].set_number(i);
          }
        },
        absl::StrCat("initializer.args: there are ", count,
                     ", want at most 8"));
  }
}

TEST_F(BadInitializers, TablesThatTheSchemeCannotFill) {
  pb::CreateTableRequest request;
  pb::TableSpec& spec = *request.mutable_spec();
  spec.set_name("new");
  spec.set_num_rows(100'000);
  spec.set_dim(65'536);
  spec.mutable_initializer()->set_scheme("orthogonal");
  ExpectRefused("orthogonal",
                Call(admin(), &pb::TableAdmin::Stub::CreateTable, request),
                StatusCode::kInvalidArgument, "orthogonal for 100000 x 65536");
  spec.set_num_rows(int64_t{1} << 32);
  spec.set_dim(1);
  spec.mutable_initializer()->set_scheme("sparse");
  (*spec.mutable_initializer()->mutable_args())["sparsity"].set_number(0.5);
  ExpectRefused("sparse",
                Call(admin(), &pb::TableAdmin::Stub::CreateTable, request),
                StatusCode::kInvalidArgument, "sparse for 4294967296 rows");
}

}  // namespace
}  // namespace emb
