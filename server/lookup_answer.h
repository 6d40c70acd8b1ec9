// The answer to one lookup on its way to the wire, with all that it needs.
#ifndef EMB_SERVER_LOOKUP_ANSWER_H_
#define EMB_SERVER_LOOKUP_ANSWER_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/decoded_lookup.h"
#include "server/limits.h"
#include "server/lookup_plan.h"
#include "server/lookup_reply.h"
#include "server/registry.h"

namespace emb {

// LookupAnswer holds the request, the one snapshot that all of its features
// see, and the plan made of both.
//
// Threads  One thread at a time.
class LookupAnswer {
 public:
  // `request` is decoded and checked; nothing is gathered yet.
  //
  // Errors   As DecodedLookup::Decode and PlanLookup. UNAVAILABLE: the tables
  //          are being loaded.
  static absl::StatusOr<std::unique_ptr<LookupAnswer>> Make(
      const Registry& registry, const Limits& limits,
      std::unique_ptr<const DecodedLookup> request);

  // For a stream, which goes on after a request that failed: an answer that
  // may say so.
  static std::unique_ptr<LookupAnswer> MakeOrFail(
      const Registry& registry, const Limits& limits,
      const grpc::ByteBuffer& message);

  // As LookupReply. Whole: not of MakeOrFail.
  grpc::ByteBuffer Whole() { return reply_->Whole(); }
  std::optional<grpc::ByteBuffer> NextPart();

  LookupAnswer(const LookupAnswer&) = delete;
  LookupAnswer& operator=(const LookupAnswer&) = delete;

 private:
  LookupAnswer() = default;

  // Each refers to those above it.
  std::unique_ptr<const DecodedLookup> request_;
  std::shared_ptr<const Snapshot> snapshot_;
  LookupPlan plan_;
  std::optional<LookupReply> reply_;
  std::optional<grpc::ByteBuffer> failure_;  // Instead of all above.
};

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_ANSWER_H_
