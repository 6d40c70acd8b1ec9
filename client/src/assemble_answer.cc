#include "client/src/assemble_answer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/src/convert.h"
#include "client/src/lookup_result_builder.h"
#include "client/src/status_from_grpc.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

int64_t ElementBytes(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return 4;
    case ElementType::kFloat16:
    case ElementType::kBFloat16:
      return 2;
    default:
      return 0;  // No type of an answer.
  }
}

// A feature's values in one of the messages.
struct Piece {
  const SplitAnswer* part;
  size_t index;  // Of the result in it.
};

struct Assembly {
  const pb::FeatureResult* first = nullptr;  // Carries the fields.
  std::vector<Piece> pieces;
  uint64_t bytes = 0;
};

absl::Status Malformed(size_t feature, absl::string_view complaint) {
  return absl::InternalError(
      absl::StrCat("malformed answer: results[", feature, "]: ", complaint));
}

absl::Status CollectPieces(const SplitAnswer& part, bool parted,
                           std::vector<Assembly>& features) {
  const auto& results = part.response().results();
  for (int i = 0; i < results.size(); ++i) {
    const pb::FeatureResult& result = results[i];
    const size_t feature = parted ? result.feature() : static_cast<size_t>(i);
    if (feature >= features.size()) {
      return Malformed(feature, "of a feature that was not asked for");
    }
    Assembly& assembly = features[feature];
    if (result.values_offset() != assembly.bytes) {
      return Malformed(feature,
                       absl::StrCat("values at byte ", result.values_offset(),
                                    ", want ", assembly.bytes));
    }
    if (assembly.first == nullptr) assembly.first = &result;
    const auto index = static_cast<size_t>(i);
    assembly.pieces.push_back({&part, index});
    assembly.bytes += part.values_bytes(index);
  }
  return absl::OkStatus();
}

// The bytes must be what shape and dtype say: a caller indexes by them.
absl::Status CheckSize(const FeatureResult& result, uint64_t num_bytes,
                       size_t feature) {
  int64_t bytes = ElementBytes(result.dtype);
  if (bytes == 0) return Malformed(feature, "unknown dtype");
  // However large the other extents are.
  if (std::find(result.shape.begin(), result.shape.end(), 0) !=
      result.shape.end()) {
    bytes = 0;
  }
  for (const int64_t extent : result.shape) {
    if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes)) {
      return Malformed(feature, "impossible shape");
    }
  }
  if (static_cast<uint64_t>(bytes) != num_bytes) {
    return Malformed(feature, absl::StrCat(num_bytes, " bytes, want ", bytes));
  }
  return absl::OkStatus();
}

// What stands beside the values must fit the question.
absl::Status CheckFields(const FeatureResult& result, const Feature& feature,
                         size_t index) {
  const ElementType want = feature.dtype == ElementType::kDefault
                               ? ElementType::kFloat32
                               : feature.dtype;
  if (result.dtype != want) {
    return Malformed(
        index, absl::StrCat("dtype ", ElementTypeName(result.dtype), ", want ",
                            ElementTypeName(want)));
  }
  if (!result.lengths.empty() &&
      (result.shape.empty() ||
       static_cast<int64_t>(result.lengths.size()) != result.shape[0])) {
    return Malformed(index, absl::StrCat(result.lengths.size(),
                                         " lengths, want one per sequence"));
  }
  const size_t missing_bytes = (feature.ids.size() + 7) / 8;
  if (!result.missing.empty() && result.missing.size() != missing_bytes) {
    return Malformed(
        index, absl::StrCat(result.missing.size(),
                            " bytes of missing ids, want ", missing_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<FeatureResult> ResultOf(const Assembly& assembly,
                                       const LookupRequest& request,
                                       size_t index) {
  if (assembly.first == nullptr) return Malformed(index, "missing");
  const pb::FeatureResult& proto = *assembly.first;
  FeatureResult result;
  if (proto.status().code() != 0) {
    if (!request.partial) return Malformed(index, "failed in an OK answer");
    result.status = StatusFromProto(proto.status());
    return result;
  }
  result.shape.assign(proto.shape().begin(), proto.shape().end());
  result.dtype = FromProto(proto.dtype());
  result.version = proto.version();
  result.revision = proto.revision();
  result.lengths.assign(proto.lengths().begin(), proto.lengths().end());
  result.missing.assign(proto.missing().begin(), proto.missing().end());
  absl::Status status = CheckFields(result, request.features[index], index);
  if (status.ok()) status = CheckSize(result, assembly.bytes, index);
  if (!status.ok()) return status;
  return result;
}

void CopyPieces(const Assembly& assembly, absl::Span<std::byte> out) {
  for (const Piece& piece : assembly.pieces) {
    const size_t bytes = piece.part->values_bytes(piece.index);
    piece.part->CopyValues(piece.index, out.first(bytes));
    out.remove_prefix(bytes);
  }
}

}  // namespace

absl::StatusOr<LookupResult> AssembleAnswer(
    const std::vector<SplitAnswer>& parts, const LookupRequest& request,
    std::optional<absl::Span<std::byte>> memory) {
  const bool parted = parts.size() > 1;
  const auto num_results =
      static_cast<size_t>(parts.at(0).response().results_size());
  if (!parted && num_results != request.features.size()) {
    return absl::InternalError(absl::StrCat("malformed answer: ", num_results,
                                            " results, want ",
                                            request.features.size()));
  }
  std::vector<Assembly> features(request.features.size());
  for (const SplitAnswer& part : parts) {
    const absl::Status status = CollectPieces(part, parted, features);
    if (!status.ok()) return status;
  }
  LookupResultBuilder builder(parts[0].response().epoch());
  for (size_t i = 0; i < features.size(); ++i) {
    auto result = ResultOf(features[i], request, i);
    if (!result.ok()) return result.status();
    const size_t bytes = result->status.ok() ? features[i].bytes : 0;
    builder.Add(*std::move(result), bytes);
  }
  const auto copy = [&](size_t index, absl::Span<std::byte> out) {
    if (!out.empty()) CopyPieces(features[index], out);
  };
  if (memory) return builder.BuildIn(*memory, copy);
  return builder.Build(copy);
}

}  // namespace emb
