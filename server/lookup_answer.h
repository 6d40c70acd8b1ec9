// The answer to one lookup on its way to the wire, with all that it needs.
#ifndef EMB_SERVER_LOOKUP_ANSWER_H_
#define EMB_SERVER_LOOKUP_ANSWER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/authorizer.h"
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
  // `request` is decoded and checked, and counted for its tables; nothing is
  // gathered yet. `caller` as PlanLookup takes it.
  //
  // Errors   As DecodedLookup::Decode and PlanLookup. UNAVAILABLE: the tables
  //          are being loaded.
  static absl::StatusOr<std::unique_ptr<LookupAnswer>> Make(
      const Registry& registry, const Limits& limits,
      std::unique_ptr<const DecodedLookup> request,
      const Caller* caller = nullptr);

  // An answer that says so.
  static std::unique_ptr<LookupAnswer> Failed(uint64_t request_id,
                                              const absl::Status& status);

  // As LookupReply. Whole: not of a failed answer.
  grpc::ByteBuffer Whole(std::shared_ptr<const void> until_sent = nullptr) {
    return reply_->Whole(std::move(until_sent));
  }
  std::optional<grpc::ByteBuffer> NextPart();

  const LookupView& request() const { return request_->view(); }
  // Of all values, before anything is allocated for them.
  int64_t values_bytes() const;

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
