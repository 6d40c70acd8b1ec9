// A request that the server has read, as a message again.
#ifndef EMB_TESTS_TESTING_LOOKUP_PROTO_H_
#define EMB_TESTS_TESTING_LOOKUP_PROTO_H_

#include <cstddef>
#include <string>
#include <variant>

#include "embedding/v1/lookup.pb.h"
#include "server/lookup_request.h"

namespace emb {

// What the generated class should have read.
inline embedding::v1::Feature ProtoOf(const LookupFeature& feature) {
  namespace pb = embedding::v1;
  pb::Feature proto;
  proto.set_table(std::string(feature.table));
  proto.set_version(feature.version);
  for (size_t i = 0; i < feature.ids.size(); ++i) {
    proto.add_ids(feature.ids[i]);
  }
  if (const auto* dense = std::get_if<DenseIds>(&feature.shape)) {
    proto.mutable_dense()->mutable_dims()->Add(dense->dims.begin(),
                                               dense->dims.end());
  } else if (const auto* ragged = std::get_if<RaggedIds>(&feature.shape)) {
    proto.mutable_ragged()->mutable_lengths()->Add(ragged->lengths.begin(),
                                                   ragged->lengths.end());
  }
  if (const auto* pad = std::get_if<PadRequest>(&feature.combine)) {
    if (pad->length) proto.mutable_pad()->set_length(*pad->length);
    proto.mutable_pad()->set_side(static_cast<pb::Pad::Side>(pad->side));
    proto.mutable_pad()->set_keep(static_cast<pb::Pad::Keep>(pad->keep));
  } else if (const auto* pool = std::get_if<PoolRequest>(&feature.combine)) {
    proto.mutable_pool()->set_mode(static_cast<pb::Pool::Mode>(pool->mode));
    proto.mutable_pool()->mutable_weights()->Add(pool->weights.begin(),
                                                 pool->weights.end());
  }
  if (feature.padding_id) proto.set_padding_id(*feature.padding_id);
  proto.set_missing_ids(static_cast<pb::MissingIds>(feature.missing_ids));
  proto.set_dtype(static_cast<pb::DType>(feature.dtype));
  return proto;
}

// The request once more, as the generated class writes it.
inline std::string SerialisedAgain(const LookupView& view) {
  embedding::v1::LookupRequest proto;
  for (const LookupFeature& feature : view.features) {
    *proto.add_features() = ProtoOf(feature);
  }
  proto.set_partial(view.partial);
  proto.set_request_id(view.request_id);
  return proto.SerializeAsString();
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_LOOKUP_PROTO_H_
