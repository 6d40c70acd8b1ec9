#include "client/cli/bench/stream_caller.h"

namespace emb {

StreamCaller::StreamCaller(const CallerContext& context)
    : context_(context),
      stream_(context.client.OpenLookupStream(context.call)) {}

void StreamCaller::Send(absl::Duration start) {
  starts_.push_back(start);
  const absl::Status status = stream_->Send(context_.request(num_sent_++));
  if (!status.ok()) RecordLost(status);
}

void StreamCaller::Receive() {
  const auto result = stream_->Receive();
  context_.board.Record(starts_.front(), context_.clock.Now(), result);
  starts_.pop_front();
  // These two may be the request's own, or the end of the stream. To replace a
  // sound stream that is empty does no harm.
  if (absl::IsUnavailable(result.status()) ||
      absl::IsDeadlineExceeded(result.status())) {
    if (stream_->in_flight() == 0) RecordLost(result.status());
  } else if (stream_->in_flight() < starts_.size()) {
    RecordLost(result.status());
  }
}

void StreamCaller::RecordLost(const absl::Status& status) {
  for (const absl::Duration start : starts_) {
    context_.board.Record(start, context_.clock.Now(), status);
  }
  starts_.clear();
  // Nobody is there: the next try should not come at once.
  context_.clock.SleepUntil(context_.clock.Now() + kPauseAfterLoss);
  stream_ = context_.client.OpenLookupStream(context_.call);
}

}  // namespace emb
