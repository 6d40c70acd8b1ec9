#include "server/call_state.h"

#include <chrono>

namespace emb {

absl::Status CheckAlive(const grpc::CallbackServerContext& context) {
  if (context.IsCancelled()) return absl::CancelledError("the caller has gone");
  if (context.deadline() < std::chrono::system_clock::now()) {
    return absl::DeadlineExceededError("the deadline passed before the work");
  }
  return absl::OkStatus();
}

}  // namespace emb
