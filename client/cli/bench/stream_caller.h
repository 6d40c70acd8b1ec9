// A stream of lookups whose answers are counted.
#ifndef EMB_CLIENT_CLI_BENCH_STREAM_CALLER_H_
#define EMB_CLIENT_CLI_BENCH_STREAM_CALLER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "client/cli/bench/bench_callers.h"

namespace emb {

// StreamCaller keeps a LookupStream and when each request on it began. A
// stream that is lost is replaced; what was in flight on it has failed.
//
// Threads  One thread.
class StreamCaller {
 public:
  explicit StreamCaller(const CallerContext& context);

  // Sends the next request, which began at `start`.
  void Send(absl::Duration start);
  // Waits for the oldest answer. REQUIRES: in_flight() > 0.
  void Receive();
  // As LookupStream::AwaitAnswer.
  bool AwaitAnswer(absl::Duration timeout) {
    return stream_->AwaitAnswer(timeout);
  }

  int64_t in_flight() const { return static_cast<int64_t>(starts_.size()); }

 private:
  // Counts the requests that the stream has forgotten as failed.
  void RecordLost(const absl::Status& status);

  const CallerContext& context_;
  std::unique_ptr<LookupStream> stream_;
  std::deque<absl::Duration> starts_;  // Of what is in flight.
  size_t num_sent_ = 0;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_STREAM_CALLER_H_
