#include "client/src/import_stream.h"

#include <algorithm>

namespace emb {
namespace {

namespace pb = embedding::v1;

// After the last part the server reads back and syncs what it wrote; a slow
// disk does this much a second.
constexpr int64_t kSettledBytesPerSecond = int64_t{32} << 20;
constexpr std::chrono::microseconds kCancelledInterval(100'000);

}  // namespace

absl::Duration FiniteTimeout(absl::Duration timeout) {
  return std::min(timeout, absl::Hours(24 * 365));
}

absl::Duration SettleTime(int64_t bytes) {
  return absl::Seconds(bytes / kSettledBytesPerSecond);
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
  StartWrite(&message);
}

bool ImportStream::WaitForWrite(const std::function<bool()>& cancelled) {
  const auto give_up = std::chrono::steady_clock::now() + stall_timeout_;
  const auto written = [this] { return !writing_; };
  std::unique_lock<std::mutex> lock(mutex_);
  while (!written()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= give_up) {
      stalled_ = true;
      return false;
    }
    if (cancelled && cancelled()) return false;
    const auto next =
        cancelled ? std::min(now + kCancelledInterval, give_up) : give_up;
    changed_.wait_until(lock, next, written);
  }
  return write_ok_;
}

grpc::Status ImportStream::Finish(int64_t bytes) {
  StartWritesDone();
  RemoveHold();
  return WaitForEnd(stall_timeout_ +
                    absl::ToChronoMicroseconds(SettleTime(bytes)));
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
