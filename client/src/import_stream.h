// One ImportTable call as the thread that feeds it sees it.
#ifndef EMB_CLIENT_SRC_IMPORT_STREAM_H_
#define EMB_CLIENT_SRC_IMPORT_STREAM_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "absl/time/time.h"
#include "embedding/v1/admin.grpc.pb.h"

namespace emb {

// A timeout that can be added to the time of day, as infinity cannot.
absl::Duration FiniteTimeout(absl::Duration timeout);

// How long the server may take to write and sync what it got.
absl::Duration SettleTime(int64_t bytes);

// ImportStream has at most one write in flight.
//
// Threads  gRPC's threads call the On... methods; one thread the others.
class ImportStream final
    : public grpc::ClientWriteReactor<embedding::v1::ImportTableRequest> {
 public:
  ImportStream(embedding::v1::TableAdmin::Stub& stub,
               absl::Duration stall_timeout);

  // Begins to send `message`, which must live until WaitForWrite.
  void Send(const embedding::v1::ImportTableRequest& message);
  // True when the message is on its way; false when the call is over for the
  // server, or stalled, or when `cancelled`, if it is not null, says true.
  bool WaitForWrite(const std::function<bool()>& cancelled);

  // Says that all has been sent, `bytes` by this call and those before, and
  // waits for the answer.
  grpc::Status Finish(int64_t bytes);
  // Gives up. The answer says what the server thought, if it spoke first.
  grpc::Status Cancel();

  bool stalled() const { return stalled_; }
  const embedding::v1::ImportTableResponse& response() const {
    return response_;
  }

  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  grpc::Status WaitForEnd(std::chrono::microseconds timeout);

  const std::chrono::microseconds stall_timeout_;
  grpc::ClientContext context_;
  embedding::v1::ImportTableResponse response_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool writing_ = false;
  bool write_ok_ = true;
  bool done_ = false;
  bool stalled_ = false;
  grpc::Status status_;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_IMPORT_STREAM_H_
