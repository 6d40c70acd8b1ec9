#include "server/decoded_lookup.h"

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/status_convert.h"
#include "server/wire_reader.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

absl::Status NoRequest() {
  return absl::InvalidArgumentError(
      "message: want an embedding.v1.LookupRequest");
}

// Before any of them takes memory: an empty one is two bytes long.
absl::Status CheckNumFeatures(absl::string_view message, const Limits& limits) {
  int64_t count = 0;
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.number() == pb::LookupRequest::kFeaturesFieldNumber) ++count;
    fields.Skip();
  }
  if (!fields.ok()) return NoRequest();
  if (count <= limits.request_features_max) return absl::OkStatus();
  return InvalidField(
      "features",
      absl::StrCat(": there are ", count, ", want at most ",
                   limits.request_features_max, " (--request_features_max)"));
}

template <typename T>
absl::Span<const T> SpanOf(const google::protobuf::RepeatedField<T>& field) {
  return {field.data(), static_cast<size_t>(field.size())};
}

template <typename T>
std::vector<T> VectorOf(const google::protobuf::RepeatedField<T>& field) {
  return {field.begin(), field.end()};
}

LookupFeature ViewOf(const pb::Feature& proto) {
  LookupFeature feature;
  feature.table = proto.table();
  feature.version = proto.version();
  feature.ids = SpanOf(proto.ids());
  if (proto.has_dense()) {
    feature.shape = DenseIds{VectorOf(proto.dense().dims())};
  } else if (proto.has_ragged()) {
    feature.shape = RaggedIds{VectorOf(proto.ragged().lengths())};
  }
  if (proto.has_pad()) {
    PadRequest pad = {std::nullopt, proto.pad().side(), proto.pad().keep()};
    if (proto.pad().has_length()) pad.length = proto.pad().length();
    feature.combine = pad;
  } else if (proto.has_pool()) {
    feature.combine =
        PoolRequest{proto.pool().mode(), VectorOf(proto.pool().weights())};
  }
  if (proto.has_padding_id()) feature.padding_id = proto.padding_id();
  feature.missing_ids = proto.missing_ids();
  feature.dtype = proto.dtype();
  return feature;
}

LookupView ViewOf(const pb::LookupRequest& proto) {
  LookupView view;
  for (const pb::Feature& feature : proto.features()) {
    view.features.push_back(ViewOf(feature));
  }
  view.partial = proto.partial();
  view.request_id = proto.request_id();
  return view;
}

absl::StatusOr<grpc::Slice> OneSlice(const grpc::ByteBuffer& message) {
  grpc::Slice slice;
  if (message.TrySingleSlice(&slice).ok()) return slice;
  const grpc::Status status = message.DumpToSingleSlice(&slice);
  if (status.ok()) return slice;
  return absl::InternalError(
      absl::StrCat("message: cannot be read: ", status.error_message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<const DecodedLookup>> DecodedLookup::Decode(
    const grpc::ByteBuffer& message, const Limits& limits) {
  auto decoded = absl::WrapUnique(new DecodedLookup);
  EMB_ASSIGN_OR_RETURN(decoded->bytes_, OneSlice(message));
  const absl::string_view bytes(
      reinterpret_cast<const char*>(decoded->bytes_.begin()),
      decoded->bytes_.size());
  EMB_RETURN_IF_ERROR(CheckNumFeatures(bytes, limits));
  std::optional<LookupView> view = ReadLookup(bytes);
  if (view.has_value()) {
    decoded->view_ = *std::move(view);
    return decoded;
  }
  decoded->parsed_ = std::make_unique<pb::LookupRequest>();
  if (!decoded->parsed_->ParseFromArray(bytes.data(),
                                        static_cast<int>(bytes.size()))) {
    return NoRequest();
  }
  decoded->view_ = ViewOf(*decoded->parsed_);
  return decoded;
}

}  // namespace emb
