#include "server/lookup_request.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "embedding/v1/lookup.pb.h"
#include "server/wire_reader.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  });
}

// The elements of a packed field of varints. Fails if there are any already.
void ReadPacked(WireReader& reader, std::vector<int64_t>& values) {
  WireReader elements(reader.Bytes());
  if (!values.empty()) reader.Fail();
  while (elements.ok() && !elements.empty()) {
    values.push_back(static_cast<int64_t>(elements.Varint()));
  }
  if (!elements.ok()) reader.Fail();
}

// A message whose one field is number 1, a packed list.
std::vector<int64_t> ReadList(WireReader& reader) {
  std::vector<int64_t> values;
  WireReader fields(reader.Bytes());
  while (fields.Next()) {
    if (fields.number() != 1) fields.Fail();
    ReadPacked(fields, values);
  }
  if (!fields.ok()) reader.Fail();
  return values;
}

PadRequest ReadPad(WireReader& reader) {
  PadRequest pad;
  WireReader fields(reader.Bytes());
  while (fields.Next()) {
    switch (fields.number()) {
      case pb::Pad::kLengthFieldNumber:
        pad.length = fields.Int64();
        break;
      case pb::Pad::kSideFieldNumber:
        pad.side = fields.Enum();
        break;
      case pb::Pad::kKeepFieldNumber:
        pad.keep = fields.Enum();
        break;
      default:
        fields.Fail();
    }
  }
  if (!fields.ok()) reader.Fail();
  return pad;
}

PoolRequest ReadPool(WireReader& reader) {
  PoolRequest pool;
  WireReader fields(reader.Bytes());
  while (fields.Next()) {
    if (fields.number() == pb::Pool::kModeFieldNumber) {
      pool.mode = fields.Enum();
    } else if (fields.number() == pb::Pool::kWeightsFieldNumber &&
               pool.weights.empty()) {
      const absl::string_view bytes = fields.Bytes();
      if (bytes.size() % sizeof(float) != 0) fields.Fail();
      pool.weights.resize(bytes.size() / sizeof(float));
      std::copy_n(bytes.data(), pool.weights.size() * sizeof(float),
                  reinterpret_cast<char*>(pool.weights.data()));
    } else {
      fields.Fail();
    }
  }
  if (!fields.ok()) reader.Fail();
  return pool;
}

// Sets one of a oneof's fields, which must not be set yet: a second one would
// have to be merged with the first.
template <typename Oneof, typename Value>
void SetOnce(WireReader& reader, Oneof& oneof, Value value) {
  if (!std::holds_alternative<std::monostate>(oneof)) reader.Fail();
  oneof = std::move(value);
}

void ReadIds(WireReader& reader, IdSpan& ids) {
  const absl::string_view bytes = reader.Bytes();
  if (!ids.empty() || bytes.size() % sizeof(int64_t) != 0) reader.Fail();
  ids = IdSpan(reinterpret_cast<const std::byte*>(bytes.data()),
               bytes.size() / sizeof(int64_t));
}

void ReadField(WireReader& reader, LookupFeature& feature) {
  switch (reader.number()) {
    case pb::Feature::kTableFieldNumber:
      feature.table = reader.Bytes();
      if (!IsAscii(feature.table)) reader.Fail();
      break;
    case pb::Feature::kVersionFieldNumber:
      feature.version = reader.UInt64();
      break;
    case pb::Feature::kIdsFieldNumber:
      ReadIds(reader, feature.ids);
      break;
    case pb::Feature::kDenseFieldNumber:
      SetOnce(reader, feature.shape, DenseIds{ReadList(reader)});
      break;
    case pb::Feature::kRaggedFieldNumber:
      SetOnce(reader, feature.shape, RaggedIds{ReadList(reader)});
      break;
    case pb::Feature::kPadFieldNumber:
      SetOnce(reader, feature.combine, ReadPad(reader));
      break;
    case pb::Feature::kPoolFieldNumber:
      SetOnce(reader, feature.combine, ReadPool(reader));
      break;
    case pb::Feature::kPaddingIdFieldNumber:
      feature.padding_id = reader.SFixed64();
      break;
    case pb::Feature::kMissingIdsFieldNumber:
      feature.missing_ids = reader.Enum();
      break;
    case pb::Feature::kDtypeFieldNumber:
      feature.dtype = reader.Enum();
      break;
    default:
      reader.Fail();
  }
}

LookupFeature ReadFeature(WireReader& reader) {
  LookupFeature feature;
  WireReader fields(reader.Bytes());
  while (fields.Next()) ReadField(fields, feature);
  if (!fields.ok()) reader.Fail();
  return feature;
}

}  // namespace

std::optional<LookupView> ReadLookup(absl::string_view message) {
  LookupView view;
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.number()) {
      case pb::LookupRequest::kFeaturesFieldNumber:
        view.features.push_back(ReadFeature(fields));
        break;
      case pb::LookupRequest::kPartialFieldNumber:
        view.partial = fields.Bool();
        break;
      case pb::LookupRequest::kRequestIdFieldNumber:
        view.request_id = fields.UInt64();
        break;
      default:
        fields.Fail();
    }
  }
  if (!fields.ok()) return std::nullopt;
  return view;
}

}  // namespace emb
