// One LookupStream call.
#ifndef EMB_SERVER_LOOKUP_REACTOR_H_
#define EMB_SERVER_LOOKUP_REACTOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "core/mutex.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

namespace emb {

// LookupReactor answers requests in the order they come. While an answer is
// being written the next request is read, and no more: a caller that does not
// read its answers holds one part of one answer and one request.
//
// Threads  gRPC's callbacks and Drain may come concurrently.
// Owns     Itself, from Start until the call is over.
class LookupReactor final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // The messages of one answer; it goes when the last one is written.
  class Answer {
   public:
    virtual ~Answer() = default;
    virtual std::optional<grpc::ByteBuffer> NextPart() = 0;
  };
  using AnswerFunction =
      std::function<std::unique_ptr<Answer>(const grpc::ByteBuffer& request)>;
  using EndFunction = std::function<void(absl::StatusCode code)>;

  // Begins to read. `answer` makes the answer to a request; it is not called
  // once the call is over. `on_end` is told how the call ends, once.
  static std::shared_ptr<LookupReactor> Start(AnswerFunction answer,
                                              EndFunction on_end);

  // Ends the call with UNAVAILABLE as soon as the answer under way is written.
  void Drain();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override { self_.reset(); }

 private:
  LookupReactor(AnswerFunction answer, EndFunction on_end)
      : answer_(std::move(answer)), on_end_(std::move(on_end)) {}

  // What to do next, decided under the mutex and done without it: gRPC may
  // call back from inside.
  struct Step {
    bool read = false;
    bool write = false;
    std::optional<absl::Status> finish;
  };
  void Do(const Step& step);
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakePart() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const AnswerFunction answer_;
  const EndFunction on_end_;
  std::shared_ptr<LookupReactor> self_;

  Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;   // The caller sends no more.
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;  // A write failed.
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Read and not yet begun.
  std::optional<grpc::ByteBuffer> waiting_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Answer> current_ ABSL_GUARDED_BY(mutex_);

  // Belong to gRPC while it reads or writes.
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
};

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_REACTOR_H_
