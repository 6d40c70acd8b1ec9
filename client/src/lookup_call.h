// One Lookup call, on bytes rather than generated messages.
#ifndef EMB_CLIENT_SRC_LOOKUP_CALL_H_
#define EMB_CLIENT_SRC_LOOKUP_CALL_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "emb/lookup_result.h"
#include "emb/types.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"

namespace emb {

// The request as a message.
grpc::ByteBuffer SerialiseLookup(const LookupRequest& request,
                                 uint64_t request_id = 0);

// Where a call of Lookup goes.
extern const char kLookupMethod[];

// The answer of a finished call; `memory` as AssembleAnswer takes it,
// `address` names the server in errors. For calls that this side did not
// cancel: CANCELLED is a server's that stops, and becomes UNAVAILABLE.
absl::StatusOr<LookupResult> FinishLookup(
    const grpc::Status& grpc_status, const grpc::ByteBuffer& message,
    const LookupRequest& request, const std::string& address,
    std::optional<absl::Span<std::byte>> memory = std::nullopt);

// Where a lookup goes.
//
// A server that was restarted may not be connected again when the other one
// begins to drain. Then none says that it serves, but one still answers.
struct LookupStubs {
  grpc::GenericStub& serving;  // Outlives this, as the next.
  // Any server, also one that does not say that it serves: for when no other
  // is there. Null: there is but one, or there are no retries.
  grpc::GenericStub* any = nullptr;
};

// Calls and waits, polling on the calling thread: no other one is woken.
// Values are copied once, from the transport's buffers to where they stay.
absl::StatusOr<LookupResult> CallLookup(
    const LookupStubs& stubs, const std::string& address,
    const LookupRequest& request,
    std::chrono::system_clock::time_point deadline,
    std::optional<absl::Span<std::byte>> memory = std::nullopt);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_LOOKUP_CALL_H_
