#include "client/src/import_stream.h"

#include <algorithm>

namespace emb {
namespace {

namespace pb = embedding::v1;

// After the last part the server reads back and syncs what it wrote; a slow
// disk does this much a second.
constexpr int64_t kSettledBytesPerSecond = int64_t{32} << 20;

}  // namespace

absl::Duration FiniteTimeout(absl::Duration timeout) {
  return std::min(timeout, absl::Hours(24 * 365));
}

ImportStream::ImportStream(pb::TableAdmin::Stub& stub,
                           absl::Duration stall_timeout)
    : stall_timeout_(absl::ToChronoMicroseconds(FiniteTimeout(stall_timeout))) {
  stub.async()->ImportTable(&context_, &response_, this);
  // Until Finish or Cancel: writes are started outside of reactions.
  AddHold();
  StartCall();
}

void ImportStream::Send(const pb::ImportTableRequest& message) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    writing_ = true;
  }
  bytes_ += static_cast<int64_t>(message.data().data().size());
  StartWrite(&message);
}

bool ImportStream::WaitForWrite() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!changed_.wait_for(lock, stall_timeout_, [&] { return !writing_; })) {
    stalled_ = true;
  }
  return !stalled_ && write_ok_;
}

grpc::Status ImportStream::Finish() {
  StartWritesDone();
  RemoveHold();
  return WaitForEnd(stall_timeout_ +
                    std::chrono::seconds(bytes_ / kSettledBytesPerSecond));
}

grpc::Status ImportStream::Cancel() {
  context_.TryCancel();
  RemoveHold();
  return WaitForEnd(stall_timeout_);
}

void ImportStream::OnWriteDone(bool ok) {
  std::lock_guard<std::mutex> lock(mutex_);
  writing_ = false;
  write_ok_ = ok;
  changed_.notify_all();
}

void ImportStream::OnDone(const grpc::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  done_ = true;
  status_ = status;
  changed_.notify_all();
}

// The call must be over before this object may go, so a call that stalls here
// is cancelled and waited for all the same.
grpc::Status ImportStream::WaitForEnd(std::chrono::microseconds timeout) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!changed_.wait_for(lock, timeout, [&] { return done_; })) {
    stalled_ = true;
    context_.TryCancel();
    changed_.wait(lock, [&] { return done_; });
  }
  return status_;
}

}  // namespace emb
