// Calls that PyTorch refuses. Ours must refuse them too; those that our types
// cannot say are recognised by a rule on op and args.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/absent_ids.h"
#include "core/fill.h"
#include "core/initializer.h"
#include "core/pooling.h"
#include "core/status_macros.h"
#include "core/table_spec.h"
#include "tests/parity/checks.h"
#include "tests/parity/init_args.h"

namespace emb {
namespace {

bool IsTrue(const Json& args, const char* name) {
  return args.contains(name) && args.at(name).is_boolean() &&
         args.at(name).get<bool>();
}

bool IsGiven(const Json& args, const char* name) {
  return args.contains(name) && !args.at(name).is_null();
}

// The rank of nested lists.
int RankOf(const Json& value) {
  if (!value.is_array()) return 0;
  return value.empty() ? 1 : 1 + RankOf(value.front());
}

std::vector<int64_t> Flatten(const Json& value) {
  if (!value.is_array()) return {value.get<int64_t>()};
  std::vector<int64_t> flat;
  for (const Json& element : value) {
    const std::vector<int64_t> part = Flatten(element);
    flat.insert(flat.end(), part.begin(), part.end());
  }
  return flat;
}

// Ids are 64-bit integers, tables float32 (or its stored forms), offsets one
// list; training is not a lookup's business.
bool IsExpressibleCall(const std::string& op, const Json& args) {
  if (op == "optimizer") return false;
  if (IsTrue(args, "scale_grad_by_freq") || IsTrue(args, "sparse")) {
    return false;
  }
  if (IsGiven(args, "index_dtype") && args.at("index_dtype") != "int64" &&
      args.at("index_dtype") != "int32") {
    return false;
  }
  if (IsGiven(args, "dtype") || IsGiven(args, "weight_dtype")) return false;
  if (op == "gain") {  // A slope is a number.
    return !IsGiven(args, "param") || args.at("param").is_number();
  }
  return true;
}

bool IsExpressibleShape(const std::string& op, const Json& args) {
  if (IsGiven(args, "weight_shape")) {
    // An import has the shape of its file: there is no second one to differ.
    return args.at("weight_shape").size() == 2 &&
           !IsGiven(args, "num_embeddings");
  }
  if (op == "init") return args.at("shape").size() == 2;
  if (op != "bag") return true;
  const int rank = RankOf(args.at("indices"));
  const bool offsets = IsGiven(args, "offsets");
  // A feature has either a dense shape or lengths.
  if (rank == 2 && offsets) return false;
  if (offsets && RankOf(args.at("offsets")) != 1) return false;
  return rank == 1 || rank == 2;
}

absl::Status TryTable(int64_t num_rows, int64_t dim, const Json& args) {
  TableSpec spec;
  spec.name = "golden";
  spec.num_rows = num_rows;
  spec.dim = dim;
  if (IsGiven(args, "padding_idx")) {
    spec.padding_idx = args.at("padding_idx").get<int64_t>();
  }
  return MakeTableSpec(spec).status();
}

absl::Status TryIds(const std::vector<int64_t>& ids, int64_t num_rows) {
  const auto bad = FindIdOutside(ids, num_rows, std::nullopt);
  if (!bad.has_value()) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("ids[", *bad, "]"));
}

absl::Status TryBag(const Json& args) {
  const std::vector<int64_t> ids = Flatten(args.at("indices"));
  const auto num_ids = static_cast<int64_t>(ids.size());
  EMB_ASSIGN_OR_RETURN(const PoolMode mode,
                       ParsePoolMode(args.at("mode").get<std::string>()));
  if (RankOf(args.at("indices")) == 1) {
    const std::vector<int64_t> offsets = IsGiven(args, "offsets")
                                             ? Flatten(args.at("offsets"))
                                             : std::vector<int64_t>();
    EMB_RETURN_IF_ERROR(
        LengthsOfOffsets(offsets, num_ids, IsTrue(args, "include_last_offset"))
            .status());
  }
  if (IsGiven(args, "per_sample_weights")) {
    EMB_RETURN_IF_ERROR(ValidateWeights(
        mode, static_cast<int64_t>(args.at("per_sample_weights").size()),
        num_ids));
  }
  const auto num_rows = args.at("rows").get<int64_t>();
  EMB_RETURN_IF_ERROR(TryTable(num_rows, args.at("cols").get<int64_t>(), args));
  return TryIds(ids, num_rows);
}

absl::Status TryInit(Json args) {
  const auto scheme = args.at("scheme").get<std::string>();
  const auto shape = args.at("shape").get<std::vector<int64_t>>();
  args.erase("scheme");
  args.erase("shape");
  EMB_ASSIGN_OR_RETURN(const Initializer init,
                       ParseInitializer(scheme, InitArgsOf(args)));
  return CheckFill(init, shape[0], shape[1]);
}

absl::Status TryCall(const std::string& op, const Json& args) {
  if (op == "embedding_construct" || op == "bag_construct") {
    return TryTable(args.at("num_embeddings").get<int64_t>(),
                    args.at("embedding_dim").get<int64_t>(), args);
  }
  if (op == "from_pretrained") {
    const Json& shape = args.at("weight_shape");
    return TryTable(shape[0].get<int64_t>(), shape[1].get<int64_t>(), args);
  }
  if (op == "lookup") {
    const auto num_rows = args.at("rows").get<int64_t>();
    EMB_RETURN_IF_ERROR(
        TryTable(num_rows, args.at("cols").get<int64_t>(), args));
    return TryIds(Flatten(args.at("indices")), num_rows);
  }
  if (op == "bag") return TryBag(args);
  if (op == "init") return TryInit(args);
  if (op == "gain") {
    return CalculateGain(args.at("nonlinearity").get<std::string>(), 0)
        .status();
  }
  throw std::runtime_error("unknown op " + op);
}

}  // namespace

Outcome CheckError(const Golden& /*golden*/, const Json& test_case) {
  const auto op = test_case.at("op").get<std::string>();
  const Json& args = test_case.at("args");
  if (!IsExpressibleCall(op, args) || !IsExpressibleShape(op, args)) {
    return Outcome::NotExpressible();
  }
  const absl::Status status = TryCall(op, args);
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return Outcome::Of(absl::OkStatus());
    default:
      return Outcome::Of(absl::InternalError(
          absl::StrCat("want a refusal, not ", status.ToString())));
  }
}

}  // namespace emb
