#include "client/src/async_lookups.h"

#include <unordered_set>
#include <utility>

#include "absl/status/status.h"
#include "client/src/status_from_grpc.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"

namespace emb {

// What outlives AsyncLookups if a `done` destroys it: the queue and the calls
// in flight.
//
// Threads  Thread-safe; Run by one thread.
class AsyncLookups::Poller {
 public:
  Poller(const LookupStubs& stubs, std::string address)
      : stubs_(stubs), address_(std::move(address)) {}

  void Start(LookupRequest request, LookupDone done,
             std::chrono::system_clock::time_point deadline) {
    auto owned = std::make_unique<Call>();
    Call& call = *owned;
    call.message = SerialiseLookup(request);
    call.request = std::move(request);
    call.done = std::move(done);
    call.deadline = deadline;
    Prepare(call, stubs_.serving);
    {
      // Before the answer can be here.
      const std::lock_guard<std::mutex> lock(mutex_);
      in_flight_.insert(owned.release());
    }
    Begin(call);
  }

  // Calls back until Stop, and then for all that is still in flight.
  void Run() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
      std::unique_ptr<Call> call(static_cast<Call*>(tag));
      bool stopped = false;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        in_flight_.erase(call.get());
        stopped = stopped_;
        // Under the lock: after Stop the queue takes no more.
        if (!stopped && IsForAny(*call)) {
          BeginAgain(std::move(call));
          continue;
        }
      }
      call->done(AnswerOf(*call, stopped));
    }
  }

  // No Start may follow, nor be under way.
  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
      // A call in the set is not over: it cannot go while this holds the lock.
      for (Call* const call : in_flight_) call->context.TryCancel();
    }
    queue_.Shutdown();
  }

 private:
  struct Call {
    LookupRequest request;
    grpc::ByteBuffer message;
    LookupDone done;
    std::chrono::system_clock::time_point deadline;
    bool for_any = false;
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer answer;
    grpc::Status status;
  };

  void Prepare(Call& call, grpc::GenericStub& stub) {
    call.context.set_deadline(call.deadline);
    call.reader = stub.PrepareUnaryCall(&call.context, kLookupMethod,
                                        call.message, &queue_);
  }

  static void Begin(Call& call) {
    call.reader->StartCall();
    call.reader->Finish(&call.answer, &call.status, &call);
  }

  bool IsForAny(const Call& call) const {
    return stubs_.any != nullptr && !call.for_any &&
           NobodyWasAsked(call.status);
  }

  // Under mutex_. A context serves one call.
  void BeginAgain(std::unique_ptr<Call> call) {
    auto owned = std::make_unique<Call>();
    Call& again = *owned;
    in_flight_.insert(owned.release());
    again.request = std::move(call->request);
    again.message = call->message;
    again.done = std::move(call->done);
    again.deadline = call->deadline;
    again.for_any = true;
    Prepare(again, *stubs_.any);
    Begin(again);
  }

  absl::StatusOr<LookupResult> AnswerOf(const Call& call, bool stopped) const {
    if (stopped && call.status.error_code() == grpc::StatusCode::CANCELLED) {
      return absl::CancelledError(
          "the client was destroyed before the answer came");
    }
    return FinishLookup(call.status, call.answer, call.request, address_);
  }

  const LookupStubs stubs_;
  const std::string address_;
  grpc::CompletionQueue queue_;

  std::mutex mutex_;
  // Guarded by mutex_.
  std::unordered_set<Call*> in_flight_;  // Owned; gRPC holds them as tags.
  bool stopped_ = false;
};

AsyncLookups::AsyncLookups(const LookupStubs& stubs, std::string address)
    : stubs_(stubs), address_(std::move(address)) {}

AsyncLookups::~AsyncLookups() {
  if (poller_ == nullptr) return;
  poller_->Stop();
  if (thread_.get_id() == std::this_thread::get_id()) {
    // A thread cannot wait for itself: it goes when the queue is empty.
    thread_.detach();
  } else {
    thread_.join();
  }
}

AsyncLookups::Poller& AsyncLookups::Running() {
  std::call_once(started_, [this] {
    poller_ = std::make_shared<Poller>(stubs_, address_);
    thread_ = std::thread([poller = poller_] { poller->Run(); });
  });
  return *poller_;
}

void AsyncLookups::Start(LookupRequest request, LookupDone done,
                         std::chrono::system_clock::time_point deadline) {
  Running().Start(std::move(request), std::move(done), deadline);
}

}  // namespace emb
