// One request of a LookupStream call.
#ifndef EMB_SERVER_STREAMED_LOOKUP_H_
#define EMB_SERVER_STREAMED_LOOKUP_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/admission/in_flight.h"
#include "server/lookup_answer.h"
#include "server/lookup_reactor.h"
#include "server/lookup_record.h"
#include "server/lookup_service.h"

namespace emb {

// StreamedLookup is in flight until its last part is written. A stream goes on
// after a request that failed: the answer says so.
//
// Threads  One thread at a time.
class StreamedLookup final : public LookupReactor::Answer {
 public:
  // `deps` outlives the lookup; `context` is the stream's.
  StreamedLookup(const LookupService::Dependencies& deps,
                 const grpc::ServerContextBase& context,
                 const grpc::ByteBuffer& request);

  std::optional<grpc::ByteBuffer> NextPart() override;

 private:
  absl::StatusOr<std::unique_ptr<LookupAnswer>> Make(
      const grpc::ServerContextBase& context, const grpc::ByteBuffer& request);

  const LookupService::Dependencies& deps_;
  InFlight::Place place_;
  LookupRecord record_;
  uint64_t request_id_ = 0;
  std::unique_ptr<LookupAnswer> answer_;
};

}  // namespace emb

#endif  // EMB_SERVER_STREAMED_LOOKUP_H_
