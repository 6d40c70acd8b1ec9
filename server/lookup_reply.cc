#include "server/lookup_reply.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "embedding/v1/lookup.pb.h"
#include "grpcpp/support/slice.h"
#include "server/proto_convert.h"
#include "server/status_convert.h"
#include "server/wire_writer.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Response = pb::LookupResponse;
using Result = pb::FeatureResult;

// The fields of a result that stand before its values, and the values' header.
std::string HeadOf(const FeaturePlan& plan, int64_t values_bytes) {
  const VersionRecord& record = plan.table->record;
  std::string head;
  WireWriter writer(head);
  writer.PackedInt64(Result::kShapeFieldNumber, plan.shape);
  writer.UInt64(Result::kDtypeFieldNumber,
                static_cast<uint64_t>(DTypeToProto(plan.dtype)));
  writer.UInt64(Result::kVersionFieldNumber,
                static_cast<uint64_t>(record.version));
  writer.UInt64(Result::kRevisionFieldNumber,
                static_cast<uint64_t>(record.revision));
  if (values_bytes > 0) {
    writer.BytesHeader(Result::kValuesFieldNumber,
                       static_cast<uint64_t>(values_bytes));
  }
  return head;
}

// Framing with gaps for values: `frame` in pieces, between which the cursors
// write.
struct Gap {
  size_t frame_end;  // The gap follows these bytes of the frame.
  FeatureCursor* cursor;
  int64_t num_units;

  size_t bytes() const {
    return static_cast<size_t>(num_units * cursor->unit_bytes());
  }
};

// Memory of a message with what is held for as long.
struct HeldMemory {
  std::unique_ptr<std::byte[]> bytes;
  std::shared_ptr<const void> until_sent;
};

grpc_slice Allocate(size_t size, std::shared_ptr<const void> until_sent) {
  if (until_sent == nullptr) return grpc_slice_malloc(size);
  // Not value-initialised: rows are written over it.
  std::unique_ptr<std::byte[]> bytes(new std::byte[size]);
  auto* const held = new HeldMemory{std::move(bytes), std::move(until_sent)};
  return grpc_slice_new_with_user_data(
      held->bytes.get(), size,
      [](void* data) { delete static_cast<HeldMemory*>(data); }, held);
}

grpc::ByteBuffer Fill(const std::string& frame, const std::vector<Gap>& gaps,
                      std::shared_ptr<const void> until_sent) {
  size_t size = frame.size();
  for (const Gap& gap : gaps) size += gap.bytes();
  grpc_slice slice = Allocate(size, std::move(until_sent));
  auto* out = reinterpret_cast<std::byte*>(GRPC_SLICE_START_PTR(slice));
  size_t framed = 0;
  const auto copy_frame = [&](size_t end) {
    std::memcpy(out, frame.data() + framed, end - framed);
    out += end - framed;
    framed = end;
  };
  for (const Gap& gap : gaps) {
    copy_frame(gap.frame_end);
    gap.cursor->Execute(gap.num_units, {out, gap.bytes()});
    out += gap.bytes();
  }
  copy_frame(frame.size());
  const grpc::Slice whole(slice, grpc::Slice::STEAL_REF);
  return {&whole, 1};
}

}  // namespace

LookupReply::LookupReply(const Snapshot& snapshot, uint64_t request_id,
                         const LookupPlan& plan)
    : snapshot_(snapshot), request_id_(request_id), plan_(plan) {
  cursors_.reserve(plan.size());
  for (const auto& feature : plan) {
    if (feature.ok()) {
      cursors_.emplace_back(*feature);
    } else {
      cursors_.emplace_back(std::nullopt);
    }
  }
}

grpc::ByteBuffer LookupReply::Whole(std::shared_ptr<const void> until_sent) {
  return Serialise(TakePieces(INT64_MAX), /*parted=*/false,
                   std::move(until_sent));
}

std::optional<grpc::ByteBuffer> LookupReply::NextPart() {
  if (Done()) return std::nullopt;
  const std::vector<Piece> pieces = TakePieces(kPartBytes);
  // Whole answers do not say that they are parts.
  const bool parted = started_ || !Done();
  started_ = true;
  return Serialise(pieces, parted, nullptr);
}

// Units of the next features, up to `bytes_max` of values but at least one.
std::vector<LookupReply::Piece> LookupReply::TakePieces(int64_t bytes_max) {
  std::vector<Piece> pieces;
  int64_t bytes_left = bytes_max;
  for (; !Done(); ++next_feature_) {
    const auto& cursor = cursors_[next_feature_];
    Piece piece = {next_feature_, 0};
    if (cursor.has_value() && cursor->unit_bytes() > 0) {
      piece.num_units =
          std::min(cursor->units_left(), bytes_left / cursor->unit_bytes());
      if (pieces.empty()) {
        piece.num_units = std::max<int64_t>(1, piece.num_units);
      }
      if (piece.num_units == 0) break;
      bytes_left -= piece.num_units * cursor->unit_bytes();
    }
    pieces.push_back(piece);
    if (cursor.has_value() && piece.num_units < cursor->units_left() &&
        cursor->unit_bytes() > 0) {
      break;  // The rest of this feature is for the next part.
    }
  }
  return pieces;
}

// The fields of a result that stand behind its values.
std::string LookupReply::TailOf(const Piece& piece, bool parted) const {
  std::string tail;
  WireWriter writer(tail);
  const auto& feature = plan_[piece.feature];
  const auto& cursor = cursors_[piece.feature];
  int64_t offset = 0;
  if (!feature.ok()) {
    writer.Message(Result::kStatusFieldNumber,
                   ToStatusProto(feature.status()).SerializeAsString());
  } else {
    offset = cursor->offset_bytes();
    if (offset == 0) {  // Once, with the first values.
      writer.PackedInt64(Result::kLengthsFieldNumber, feature->PaddedLengths());
      writer.Bytes(Result::kMissingFieldNumber,
                   {reinterpret_cast<const char*>(feature->missing.data()),
                    feature->missing.size()});
    }
  }
  if (parted) {
    writer.UInt64(Result::kFeatureFieldNumber, piece.feature);
    writer.UInt64(Result::kValuesOffsetFieldNumber,
                  static_cast<uint64_t>(offset));
  }
  return tail;
}

grpc::ByteBuffer LookupReply::Serialise(
    const std::vector<Piece>& pieces, bool parted,
    std::shared_ptr<const void> until_sent) {
  std::string frame;
  WireWriter writer(frame);
  std::vector<Gap> gaps;
  writer.UInt64(Response::kEpochFieldNumber, snapshot_.epoch);
  for (const Piece& piece : pieces) {
    const auto& feature = plan_[piece.feature];
    auto& cursor = cursors_[piece.feature];
    const int64_t values_bytes =
        cursor.has_value() ? piece.num_units * cursor->unit_bytes() : 0;
    const std::string head =
        feature.ok() ? HeadOf(*feature, values_bytes) : std::string();
    const std::string tail = TailOf(piece, parted);
    writer.BytesHeader(
        Response::kResultsFieldNumber,
        head.size() + static_cast<uint64_t>(values_bytes) + tail.size());
    frame += head;
    if (values_bytes > 0) {
      gaps.push_back({frame.size(), &*cursor, piece.num_units});
    }
    frame += tail;
  }
  writer.UInt64(Response::kRequestIdFieldNumber, request_id_);
  writer.UInt64(Response::kMorePartsFieldNumber, parted && !Done() ? 1 : 0);
  return Fill(frame, gaps, std::move(until_sent));
}

grpc::ByteBuffer FailedReply(uint64_t request_id, const absl::Status& status) {
  std::string message;
  WireWriter writer(message);
  writer.UInt64(Response::kRequestIdFieldNumber, request_id);
  writer.Message(Response::kStatusFieldNumber,
                 ToStatusProto(status).SerializeAsString());
  const grpc::Slice slice(message);
  return {&slice, 1};
}

}  // namespace emb
