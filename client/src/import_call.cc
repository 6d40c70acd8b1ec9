#include "client/src/import_call.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/src/convert.h"
#include "client/src/status_from_grpc.h"
#include "client/src/wire_hash.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr size_t kPartBytes = size_t{1} << 20;
// After the last part the server reads back and syncs what it wrote; a slow
// disk does this much a second.
constexpr int64_t kSettledBytesPerSecond = int64_t{32} << 20;
// Stands for infinity, which cannot be added to the time of day.
constexpr absl::Duration kStallTimeoutMax = absl::Hours(24 * 365);

// The call itself: at most one write is in flight.
//
// Threads  gRPC's threads call the On... methods; one thread the others.
class ImportCall final
    : public grpc::ClientWriteReactor<pb::ImportTableRequest> {
 public:
  ImportCall(pb::TableAdmin::Stub& stub, absl::Duration stall_timeout)
      : stall_timeout_(absl::ToChronoMicroseconds(
            std::min(stall_timeout, kStallTimeoutMax))) {
    stub.async()->ImportTable(&context_, &response_, this);
    // Until Finish or Cancel: writes are started outside of reactions.
    AddHold();
    StartCall();
  }

  // Begins to send `message`, which must live until WaitForWrite.
  void Send(const pb::ImportTableRequest& message) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      writing_ = true;
    }
    bytes_ += static_cast<int64_t>(message.data().data().size());
    StartWrite(&message);
  }

  // True when the message is on its way; false when the call is over for the
  // server, or stalled.
  bool WaitForWrite() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, stall_timeout_, [&] { return !writing_; })) {
      stalled_ = true;
    }
    return !stalled_ && write_ok_;
  }

  // Says that all has been sent and waits for the answer.
  grpc::Status Finish() {
    StartWritesDone();
    RemoveHold();
    return WaitForEnd(stall_timeout_ +
                      std::chrono::seconds(bytes_ / kSettledBytesPerSecond));
  }

  // Gives up. The answer says what the server thought, if it spoke first.
  grpc::Status Cancel() {
    context_.TryCancel();
    RemoveHold();
    return WaitForEnd(stall_timeout_);
  }

  bool stalled() const { return stalled_; }
  const pb::ImportTableResponse& response() const { return response_; }

  void OnWriteDone(bool ok) override {
    std::lock_guard<std::mutex> lock(mutex_);
    writing_ = false;
    write_ok_ = ok;
    changed_.notify_all();
  }

  void OnDone(const grpc::Status& status) override {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
    status_ = status;
    changed_.notify_all();
  }

 private:
  // The call must be over before this object may go, so a call that stalls
  // here is cancelled and waited for all the same.
  grpc::Status WaitForEnd(std::chrono::microseconds timeout) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, timeout, [&] { return done_; })) {
      stalled_ = true;
      context_.TryCancel();
      changed_.wait(lock, [&] { return done_; });
    }
    return status_;
  }

  const std::chrono::microseconds stall_timeout_;
  grpc::ClientContext context_;
  pb::ImportTableResponse response_;
  int64_t bytes_ = 0;  // Sent so far; of the calling thread alone.

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool writing_ = false;
  bool write_ok_ = true;
  bool done_ = false;
  bool stalled_ = false;
  grpc::Status status_;
};

// Reads the next part from the source into `message`; false at the end.
absl::StatusOr<bool> ReadPart(const RowSource& rows, int64_t offset,
                              pb::ImportTableRequest& message) {
  pb::ImportData& data = *message.mutable_data();
  std::string& buffer = *data.mutable_data();
  buffer.resize(kPartBytes);
  const auto count =
      rows({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
  if (!count.ok()) return count.status();
  if (*count > buffer.size()) {
    return absl::InternalError(absl::StrCat(
        "row source: gave ", *count, " bytes, want at most ", buffer.size()));
  }
  buffer.resize(*count);
  data.set_offset(offset);
  data.set_checksum(WireChecksum(buffer));
  return *count > 0;
}

// Sends everything; false if the call came to its end before that.
absl::StatusOr<bool> SendAll(const pb::ImportHeader& header,
                             const ImportOptions& import_options,
                             const RowSource& rows, ImportCall& call,
                             pb::ImportTableRequest (&messages)[2]) {
  *messages[0].mutable_header() = header;
  call.Send(messages[0]);
  int64_t offset = 0;
  for (int next = 1;; next = 1 - next) {
    // While the other message is on its way.
    const auto more = ReadPart(rows, offset, messages[next]);
    if (!more.ok()) return more.status();
    if (!call.WaitForWrite()) return false;
    if (import_options.progress) import_options.progress(offset);
    if (!*more) return true;
    offset += static_cast<int64_t>(messages[next].data().data().size());
    call.Send(messages[next]);
  }
}

}  // namespace

absl::StatusOr<TableInfo> RunImport(pb::TableAdmin::Stub& stub,
                                    const std::string& address,
                                    const pb::ImportHeader& header,
                                    const ImportOptions& import_options,
                                    const RowSource& rows) {
  // Must outlive the call: a message may be on its way until it ends.
  pb::ImportTableRequest messages[2];
  ImportCall call(stub, import_options.stall_timeout);
  const auto sent = SendAll(header, import_options, rows, call, messages);
  if (!sent.ok()) {
    call.Cancel();
    return sent.status();
  }
  const grpc::Status status =
      *sent || !call.stalled() ? call.Finish() : call.Cancel();
  if (call.stalled()) {
    return absl::DeadlineExceededError(
        absl::StrCat(address, ": nothing moved for ",
                     absl::FormatDuration(import_options.stall_timeout),
                     ", import given up"));
  }
  const absl::Status result = StatusFromGrpc(status, address);
  if (!result.ok()) return result;
  return FromProto(call.response().table());
}

}  // namespace emb
