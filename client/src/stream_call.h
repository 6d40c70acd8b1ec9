// One bidirectional call of bytes, polled by its one user.
#ifndef EMB_CLIENT_SRC_STREAM_CALL_H_
#define EMB_CLIENT_SRC_STREAM_CALL_H_

#include <chrono>
#include <deque>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"

namespace emb {

// StreamCall hides gRPC's events: Write and Read return when it is done. While
// either waits, messages that come in are kept, so that neither end waits for
// the other to read.
//
// Threads  One thread: that which waits does the work.
class StreamCall {
 public:
  using Deadline = std::chrono::system_clock::time_point;

  // What to do while there is no connection.
  enum class Connecting { kFailFast, kWait };

  // `stub` outlives the call; `address` names the server in errors.
  StreamCall(grpc::GenericStub& stub, const char* method, std::string address,
             Connecting connecting);
  // Cancels it.
  ~StreamCall();

  StreamCall(const StreamCall&) = delete;
  StreamCall& operator=(const StreamCall&) = delete;

  // Returns when the transport has taken the message.
  //
  // Errors   DEADLINE_EXCEEDED; else the call is over, and its status is the
  //          error (UNAVAILABLE if that is OK, or the server cancelled it).
  absl::Status Write(const grpc::ByteBuffer& message, Deadline deadline);

  // Waits until Read would return at once; false after the deadline.
  bool AwaitMessage(Deadline deadline);

  // Read would return a message at once.
  bool has_message() const { return !received_.empty(); }

  // The next message. Errors as Write.
  absl::StatusOr<grpc::ByteBuffer> Read(Deadline deadline);

 private:
  enum class Event { kStarted, kRead, kWritten, kFinished };

  // Waits for one event; false after the deadline.
  bool Poll(Deadline deadline);
  void Handle(Event event, bool ok);
  // Starts to read unless the call is over.
  void KeepReading();
  absl::Status End(Deadline deadline);
  absl::Status TooLate() const;

  // What gRPC gives back when an event has come.
  Event started_tag_ = Event::kStarted;
  Event read_tag_ = Event::kRead;
  Event written_tag_ = Event::kWritten;
  Event finished_tag_ = Event::kFinished;

  const std::string address_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer incoming_;
  std::deque<grpc::ByteBuffer> received_;
  bool started_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool unwritable_ = false;  // The call is over, but messages may be left.
  bool over_ = false;        // Nothing but the status is left.
  bool finishing_ = false;
  bool finished_ = false;
  grpc::Status status_;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_STREAM_CALL_H_
