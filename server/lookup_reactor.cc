#include "server/lookup_reactor.h"

#include <utility>

#include "server/status_convert.h"

namespace emb {

std::shared_ptr<LookupReactor> LookupReactor::Start(AnswerFunction answer,
                                                    EndFunction on_end) {
  std::shared_ptr<LookupReactor> stream(
      new LookupReactor(std::move(answer), std::move(on_end)));
  stream->self_ = stream;
  stream->StartRead(&stream->incoming_);
  return stream;
}

void LookupReactor::OnReadDone(bool ok) {
  Step step;
  {
    MutexLock lock(mutex_);
    reading_ = false;
    if (ok) {
      waiting_ = std::move(incoming_);
      incoming_.Clear();
    } else {
      ended_ = true;
    }
    step = NextStep();
  }
  Do(step);
}

void LookupReactor::OnWriteDone(bool ok) {
  Step step;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) broken_ = true;
    step = NextStep();
  }
  Do(step);
}

void LookupReactor::Drain() {
  Step step;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    step = NextStep();
  }
  Do(step);
}

// Fills outgoing_ with the next part, of the current answer or of the next.
bool LookupReactor::TakePart() {
  while (true) {
    if (current_ != nullptr) {
      auto part = current_->NextPart();
      if (part.has_value()) {
        outgoing_ = *std::move(part);
        return true;
      }
      current_.reset();
    }
    if (!waiting_.has_value() || draining_) return false;
    const grpc::ByteBuffer request = *std::exchange(waiting_, std::nullopt);
    current_ = answer_(request);
  }
}

LookupReactor::Step LookupReactor::NextStep() {
  Step step;
  if (finished_) return step;
  if (broken_) {
    step.finish = absl::CancelledError("the caller has gone");
  } else if (!writing_) {
    step.write = TakePart();
    writing_ = step.write;
    if (!step.write && draining_) {
      step.finish = absl::UnavailableError("draining, open a stream elsewhere");
    } else if (!step.write && ended_) {
      step.finish = absl::OkStatus();
    }
  }
  if (!reading_ && !ended_ && !waiting_.has_value() && !step.finish) {
    step.read = true;
    reading_ = true;
  }
  finished_ = step.finish.has_value();
  return step;
}

void LookupReactor::Do(const Step& step) {
  // Finish may be the end of this object, and comes alone.
  if (step.read) StartRead(&incoming_);
  if (step.write) StartWrite(&outgoing_);
  if (!step.finish) return;
  on_end_(step.finish->code());
  Finish(ToGrpcStatus(*step.finish));
}

}  // namespace emb
