// The answer to a lookup, in the form that goes to the wire.
#ifndef EMB_SERVER_LOOKUP_REPLY_H_
#define EMB_SERVER_LOOKUP_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/lookup_plan.h"
#include "server/lookup_request.h"
#include "server/registry.h"

namespace emb {

// LookupReply serialises embedding.v1.LookupResponse by hand: it writes the
// fields around the values, then gathers rows straight into their place, so
// that a float is copied once. The bytes are those that the generated class
// would have written.
//
// Threads  One thread.
class LookupReply {
 public:
  // Bytes of values that a part of an answer has, at least one unit of a
  // feature.
  static constexpr int64_t kPartBytes = 256 << 10;

  // `snapshot` and `plan` outlive the reply.
  LookupReply(const Snapshot& snapshot, uint64_t request_id,
              const LookupPlan& plan);

  // The whole answer in one message. Call once, and not beside NextPart.
  // `until_sent` is held until the transport has taken the message.
  grpc::ByteBuffer Whole(std::shared_ptr<const void> until_sent = nullptr);

  // The next part of the answer, nullopt after the last one. An answer of at
  // most kPartBytes is one part, as Whole.
  std::optional<grpc::ByteBuffer> NextPart();

 private:
  // A feature's share of one message.
  struct Piece {
    size_t feature;
    int64_t num_units;
  };

  std::vector<Piece> TakePieces(int64_t bytes_max);
  bool Done() const { return next_feature_ == plan_.size(); }
  grpc::ByteBuffer Serialise(const std::vector<Piece>& pieces, bool parted,
                             std::shared_ptr<const void> until_sent);
  std::string TailOf(const Piece& piece, bool parted) const;

  const Snapshot& snapshot_;
  const uint64_t request_id_;
  const LookupPlan& plan_;
  // One per feature; nullopt for one that failed.
  std::vector<std::optional<FeatureCursor>> cursors_;
  size_t next_feature_ = 0;  // The first that is not taken to its end.
  bool started_ = false;     // A part has been taken.
};

// The answer on a stream to a request that failed.
grpc::ByteBuffer FailedReply(uint64_t request_id, const absl::Status& status);

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_REPLY_H_
