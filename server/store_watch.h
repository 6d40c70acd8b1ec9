// Notices when the store stops taking writes, and when it takes them again.
#ifndef EMB_SERVER_STORE_WATCH_H_
#define EMB_SERVER_STORE_WATCH_H_

#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "storage/store_maintenance.h"

namespace emb {

// StoreWatch asks the store now and then whether it takes writes, which is also
// what makes it go on after a full disk.
//
// Threads  Thread-safe.
class StoreWatch {
 public:
  struct Dependencies {
    StoreMaintenance* store = nullptr;  // Null: it always takes writes.
    absl::Duration interval = absl::Seconds(1);
    // Told of each change, on the watch's thread.
    std::function<void(const absl::Status& writable)> on_change;
  };

  // The store outlives the watch.
  explicit StoreWatch(Dependencies dependencies);
  ~StoreWatch() { Stop(); }

  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;

  // Whether the store takes writes, as it was found last.
  // Errors  As StoreMaintenance::CheckWritable.
  absl::Status writable() const;

  // No on_change after it. Idempotent.
  void Stop();

 private:
  void Run();

  const Dependencies deps_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status writable_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_STORE_WATCH_H_
