#include "client/src/stream_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/src/status_from_grpc.h"

namespace emb {
StreamCall::StreamCall(grpc::GenericStub& stub, const char* method,
                       std::string address, Connecting connecting)
    : address_(std::move(address)) {
  context_.set_wait_for_ready(connecting == Connecting::kWait);
  call_ = stub.PrepareCall(&context_, method, &queue_);
  call_->StartCall(&started_tag_);
}

StreamCall::~StreamCall() {
  context_.TryCancel();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

bool StreamCall::Poll(Deadline deadline) {
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, deadline) !=
      grpc::CompletionQueue::GOT_EVENT) {
    return false;
  }
  Handle(*static_cast<const Event*>(tag), ok);
  return true;
}

void StreamCall::Handle(Event event, bool ok) {
  switch (event) {
    case Event::kStarted:
      started_ = true;
      over_ = !ok;
      break;
    case Event::kRead:
      reading_ = false;
      over_ = !ok;
      if (ok) {
        received_.push_back(incoming_);
        incoming_.Clear();
      }
      break;
    case Event::kWritten:
      writing_ = false;
      unwritable_ = !ok;
      break;
    case Event::kFinished:
      finished_ = true;
      break;
  }
  KeepReading();
}

void StreamCall::KeepReading() {
  if (!started_ || reading_ || over_) return;
  reading_ = true;
  call_->Read(&incoming_, &read_tag_);
}

absl::Status StreamCall::TooLate() const {
  return absl::DeadlineExceededError(
      absl::StrCat("no answer from ", address_, " in time"));
}

absl::Status StreamCall::Write(const grpc::ByteBuffer& message,
                               Deadline deadline) {
  while (!started_ && !over_) {
    if (!Poll(deadline)) return TooLate();
  }
  if (!over_ && !unwritable_) {
    writing_ = true;
    call_->Write(message, &written_tag_);
    while (writing_) {
      if (!Poll(deadline)) return TooLate();
    }
    if (!over_ && !unwritable_) return absl::OkStatus();
  }
  // The status comes behind all messages, and only when they have been read.
  while (!over_) {
    if (!Poll(deadline)) return TooLate();
  }
  return End(deadline);
}

bool StreamCall::AwaitMessage(Deadline deadline) {
  while (received_.empty() && !over_) {
    if (!Poll(deadline)) return false;
  }
  return true;
}

absl::StatusOr<grpc::ByteBuffer> StreamCall::Read(Deadline deadline) {
  if (!AwaitMessage(deadline)) return TooLate();
  if (received_.empty()) return End(deadline);
  const grpc::ByteBuffer message = received_.front();  // Slices are shared.
  received_.pop_front();
  return message;
}

absl::Status StreamCall::End(Deadline deadline) {
  if (!finishing_) {
    finishing_ = true;
    call_->Finish(&status_, &finished_tag_);
  }
  while (!finished_) {
    if (!Poll(deadline)) return TooLate();
  }
  // Not by this side, which does so last of all: the server stops.
  const bool cancelled = status_.error_code() == grpc::StatusCode::CANCELLED;
  if (!status_.ok() && !cancelled) return StatusFromGrpc(status_, address_);
  return absl::UnavailableError(
      absl::StrCat(address_, " has ended the stream"));
}

}  // namespace emb
