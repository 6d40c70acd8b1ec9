// The maintenance of a store without files.
#ifndef EMB_TESTS_TESTING_FAKE_MAINTENANCE_H_
#define EMB_TESTS_TESTING_FAKE_MAINTENANCE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/mutex.h"
#include "storage/store_maintenance.h"

namespace emb {

// FakeMaintenance takes writes or not, as it is told. Its files are sound.
//
// Threads  Thread-safe.
class FakeMaintenance : public StoreMaintenance {
 public:
  void Become(absl::Status status) {
    const MutexLock lock(mutex_);
    writable_ = std::move(status);
  }

  absl::Status CheckWritable() override {
    const MutexLock lock(mutex_);
    return writable_;
  }
  absl::StatusOr<StoredBackup> Backup(const std::string&, int64_t,
                                      const WorkWatch&) override {
    return absl::UnimplementedError("");
  }
  absl::Status Restore(const std::string&, int64_t) override {
    return absl::UnimplementedError("");
  }
  absl::Status VerifyFiles(const WorkWatch&) override {
    return absl::OkStatus();
  }
  absl::StatusOr<DiskUse> GetDiskUse() override { return DiskUse{}; }
  absl::Status CheckSpaceFor(int64_t) override { return absl::OkStatus(); }

 private:
  Mutex mutex_;
  absl::Status writable_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_TESTS_TESTING_FAKE_MAINTENANCE_H_
