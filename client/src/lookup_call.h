// One Lookup call, on bytes rather than generated messages.
#ifndef EMB_CLIENT_SRC_LOOKUP_CALL_H_
#define EMB_CLIENT_SRC_LOOKUP_CALL_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "emb/lookup_result.h"
#include "emb/types.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"

namespace emb {

// The request as a message.
grpc::ByteBuffer SerialiseLookup(const LookupRequest& request,
                                 uint64_t request_id = 0);

// Calls and waits, polling on the calling thread: no other one is woken.
// Values are copied once, from the transport's buffers into the result.
//
// `address` names the server in errors.
absl::StatusOr<LookupResult> CallLookup(
    grpc::GenericStub& stub, const std::string& address,
    const LookupRequest& request,
    std::chrono::system_clock::time_point deadline);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_LOOKUP_CALL_H_
