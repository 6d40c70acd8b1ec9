// One Lookup call.
#ifndef EMB_SERVER_UNARY_LOOKUP_H_
#define EMB_SERVER_UNARY_LOOKUP_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/admission/in_flight.h"
#include "server/lookup_record.h"
#include "server/lookup_service.h"

namespace emb {

// UnaryLookup is made when the call comes in and run on whichever thread has
// time for it.
//
// Threads  One thread at a time.
class UnaryLookup {
 public:
  // All outlive the call, which ends with Run.
  UnaryLookup(const LookupService::Dependencies& deps,
              grpc::CallbackServerContext& context,
              const grpc::ByteBuffer& request, grpc::ByteBuffer& response,
              grpc::ServerUnaryReactor& reactor);

  // There are too many lookups already.
  bool IsTooMany() const { return place_->is_too_many(); }
  // About how many ids it has, before it is read.
  int64_t cost() const {
    return static_cast<int64_t>(request_.Length() / sizeof(int64_t));
  }

  // Answers the call, or says that it is shed. Call once.
  void Run(std::optional<ShedReason> shed);

 private:
  absl::Status Answer();

  const LookupService::Dependencies& deps_;
  grpc::CallbackServerContext& context_;
  const grpc::ByteBuffer& request_;
  grpc::ByteBuffer& response_;
  grpc::ServerUnaryReactor& reactor_;
  // Held until the transport has taken the answer.
  std::shared_ptr<InFlight::Place> place_;
  std::optional<LookupRecord> record_;
};

}  // namespace emb

#endif  // EMB_SERVER_UNARY_LOOKUP_H_
