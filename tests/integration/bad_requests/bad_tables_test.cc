// Tables that cannot be: as they are made, and as they are imported.
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/bad_requests/bad_requests_fixture.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Change = std::function<void(pb::TableSpec&)>;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

constexpr pb::DType kDTypes[] = {pb::DTYPE_FLOAT32, pb::DTYPE_FLOAT16,
                                 pb::DTYPE_BFLOAT16, pb::DTYPE_INT8_ROWWISE,
                                 pb::DTYPE_INT4_ROWWISE};

class BadTables : public BadRequests {
 protected:
  int64_t tables_max() const override { return 100; }

  static pb::TableSpec SpecWith(const Change& change) {
    pb::TableSpec spec;
    spec.set_name("new");
    spec.set_num_rows(4);
    spec.set_dim(2);
    change(spec);
    return spec;
  }

  grpc::Status Create(const Change& change) {
    pb::CreateTableRequest request;
    *request.mutable_spec() = SpecWith(change);
    return Call(admin(), &pb::TableAdmin::Stub::CreateTable, request);
  }

  // Only the header: whatever is wrong with it is told before there are rows.
  grpc::Status Import(const Change& change) {
    const auto context = Context();
    pb::ImportTableResponse response;
    const auto call = admin().ImportTable(context.get(), &response);
    pb::ImportTableRequest request;
    *request.mutable_header()->mutable_spec() = SpecWith(change);
    call->Write(request);
    return call->Finish();
  }

  void ExpectBothRefused(const std::string& what, const Change& change,
                         StatusCode code, const std::string& text) {
    ExpectRefused(absl::StrCat("create, ", what), Create(change), code, text);
    ExpectRefused(absl::StrCat("import, ", what), Import(change), code, text);
  }
};

TEST_F(BadTables, NamesThatAreNone) {
  const std::pair<std::string, std::string> names[] = {
      {"", "name: 0 characters, want 1 to 128"},
      {std::string(129, 'x'), "name: 129 characters, want 1 to 128"},
      {std::string(100'000, 'x'), "name: 100000 characters"},
      {" ", "name: character 0 is not allowed"},
      {"a b", "name: character 1"},
      {"a/b", "name: character 1"},
      {"../a", "name: character 2"},
      {"a\n", "name: character 1"},
      {"a@1", "name: character 1"},
      {"a:b", "name: character 1"},
      {"\u00fc", "name: character 0"},
      {std::string("a\0b", 3), "name: character 1"},
      {"a\x7f", "name: character 1"},
      {"%61", "name: character 0"},
      {"a\\", "name: character 1"},
      {"\"a\"", "name: character 0"},
  };
  for (const auto& [name, text] : names) {
    ExpectBothRefused(
        name.substr(0, 50),
        [&name = name](pb::TableSpec& spec) { spec.set_name(name); }, kInvalid,
        text);
  }
}

TEST_F(BadTables, ShapesThatAreNone) {
  for (const pb::DType dtype : kDTypes) {
    const auto with = [&](int64_t rows, int64_t dim) -> Change {
      return [=](pb::TableSpec& spec) {
        spec.set_dtype(dtype);
        spec.set_num_rows(rows);
        spec.set_dim(dim);
      };
    };
    for (const int64_t rows : {int64_t{0}, int64_t{-1}, kInt64Min}) {
      ExpectBothRefused("rows", with(rows, 2), kInvalid,
                        absl::StrCat("num_rows: ", rows, ", want at least 1"));
    }
    for (const int64_t dim :
         {int64_t{0}, int64_t{-2}, int64_t{65'538}, kInt64Max - 1, kInt64Min}) {
      ExpectBothRefused("dim", with(4, dim), kInvalid,
                        absl::StrCat("dim: ", dim, ", want 1 to 65536"));
    }
    ExpectBothRefused("beyond 64 bits", with(kInt64Max, 65'536), kInvalid,
                      "bytes to fit 2^62 bytes");
    ExpectBothRefused("beyond the memory", with(int64_t{1} << 30, 64),
                      kExhausted, "--memory_limit");
  }
  for (const int64_t dim : {1, 3, 65'535}) {
    ExpectBothRefused(
        "odd",
        [dim](pb::TableSpec& spec) {
          spec.set_dtype(pb::DTYPE_INT4_ROWWISE);
          spec.set_dim(dim);
        },
        kInvalid, absl::StrCat("dim: ", dim, ", want an even one for int4"));
  }
}

TEST_F(BadTables, PaddingNormsAndTypesThatAreNone) {
  for (const int64_t padding :
       {int64_t{4}, int64_t{-5}, kInt64Max, kInt64Min}) {
    ExpectBothRefused(
        "padding_idx",
        [=](pb::TableSpec& spec) { spec.set_padding_idx(padding); }, kInvalid,
        absl::StrCat("padding_idx: ", padding, ", want [-4, 4)"));
  }
  for (const double norm : {-1.0, -1e-300, 3.5e38, 1e300, double{INFINITY},
                            -double{INFINITY}, double{NAN}}) {
    ExpectBothRefused(
        "max_norm", [=](pb::TableSpec& spec) { spec.set_max_norm(norm); },
        kInvalid, "want a finite number of at least 0");
  }
  ExpectBothRefused(
      "norm_type", [](pb::TableSpec& spec) { spec.set_norm_type(NAN); },
      kInvalid, "norm_type: nan, want a number");
  for (const int dtype : {6, 77, -1, INT32_MAX, INT32_MIN}) {
    ExpectBothRefused(
        "dtype",
        [=](pb::TableSpec& spec) {
          spec.set_dtype(static_cast<pb::DType>(dtype));
        },
        kInvalid, absl::StrCat("dtype: ", dtype, " is no DType"));
  }
  for (const int generator : {2, 9, -1, INT32_MAX}) {
    ExpectRefused("generator", Create([=](pb::TableSpec& spec) {
                    spec.set_generator(static_cast<pb::Generator>(generator));
                  }),
                  kInvalid,
                  absl::StrCat("generator: ", generator, " is no Generator"));
  }
}

TEST_F(BadTables, NamesThatAreTaken) {
  for (const char* const name : {"item", "half", "kept", "hidden"}) {
    ExpectRefused(name,
                  Create([=](pb::TableSpec& spec) { spec.set_name(name); }),
                  StatusCode::kAlreadyExists,
                  absl::StrCat("table \"", name, "\": exists already"));
  }
}

TEST_F(BadTables, NextVersionsOfAnotherKind) {
  const auto next_of = [](const std::string& name, const Change& change) {
    return [=](pb::TableSpec& spec) {
      spec.set_name(name);
      change(spec);
    };
  };
  const auto import_refused = [&](const std::string& name, const Change& change,
                                  StatusCode code, const std::string& text) {
    ExpectRefused(name, Import(next_of(name, change)), code, text);
  };
  const auto dim = [](int64_t value) {
    return [value](pb::TableSpec& spec) { spec.set_dim(value); };
  };
  const auto none = [](pb::TableSpec&) {};
  const auto precondition = StatusCode::kFailedPrecondition;
  import_refused("item", dim(1), precondition, "dim: 1, want 2 as in the");
  import_refused("item", dim(4), precondition, "dim: 4, want 2 as in the");
  import_refused("kept", dim(3), precondition, "dim: 3, want 2");
  import_refused("hidden", dim(3), precondition, "dim: 3, want 2");
  import_refused("half", none, precondition,
                 "dtype: float32, want float16 as in the versions before");
  import_refused("byte", none, precondition, "dtype: float32, want int8");
  import_refused("nibble", none, precondition, "dtype: float32, want int4");
  for (const pb::DType dtype : kDTypes) {
    if (dtype == pb::DTYPE_FLOAT32) continue;
    import_refused(
        "item", [=](pb::TableSpec& spec) { spec.set_dtype(dtype); },
        precondition, "want float32 as in the versions before");
  }
  for (const int64_t rows : {1, 2, 3}) {
    import_refused(
        "item", [=](pb::TableSpec& spec) { spec.set_num_rows(rows); },
        precondition, "table \"item\" has it, give another padding_idx");
  }
}

class FullServer : public BadTables {
 protected:
  int64_t tables_max() const override { return 6; }
};

TEST_F(FullServer, TakesNoMoreTables) {
  ExpectBothRefused(
      "one more", [](pb::TableSpec&) {}, kExhausted,
      "tables: there are 6, want at most 6 (--tables_max)");
}

}  // namespace
}  // namespace emb
