// Lookups whose answers go to a function instead of a waiting thread.
#ifndef EMB_CLIENT_SRC_ASYNC_LOOKUPS_H_
#define EMB_CLIENT_SRC_ASYNC_LOOKUPS_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "client/src/lookup_call.h"
#include "emb/connection.h"
#include "emb/types.h"

namespace emb {

// AsyncLookups is one completion queue and the one thread that polls it,
// however many lookups are in flight. Both begin with the first lookup: who
// never asks this way pays for neither.
//
// Threads  Thread-safe. Each `done` runs on the polling thread, one after the
//          other.
class AsyncLookups {
 public:
  // `stubs` outlive it; `address` names the server in errors.
  AsyncLookups(const LookupStubs& stubs, std::string address);
  // Cancels what is in flight and returns when every `done` has. Destroyed by
  // a `done` it returns at once, and the others are called soon after.
  ~AsyncLookups();

  AsyncLookups(const AsyncLookups&) = delete;
  AsyncLookups& operator=(const AsyncLookups&) = delete;

  // Does not block. Calls `done` exactly once, on the polling thread.
  void Start(LookupRequest request, LookupDone done,
             std::chrono::system_clock::time_point deadline);

 private:
  class Poller;

  // The poller, with its thread.
  Poller& Running();

  const LookupStubs stubs_;
  const std::string address_;
  std::once_flag started_;
  // Shared with the thread, which may be the last to go.
  std::shared_ptr<Poller> poller_;
  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_ASYNC_LOOKUPS_H_
