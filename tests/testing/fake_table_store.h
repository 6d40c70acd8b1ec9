// A TableStore in memory that fails when told to.
#ifndef EMB_TESTS_TESTING_FAKE_TABLE_STORE_H_
#define EMB_TESTS_TESTING_FAKE_TABLE_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/mutex.h"
#include "storage/table_store.h"
#include "tests/testing/fake_maintenance.h"

namespace emb {

// What outlives a FakeTableStore, as a disk outlives a process.
struct FakeDisk {
  Mutex mutex;
  Manifest manifest ABSL_GUARDED_BY(mutex);
  Generation next_generation ABSL_GUARDED_BY(mutex) = 1;
  // Encoded chunks by generation and number.
  std::map<Generation, std::map<int64_t, std::string>> chunks
      ABSL_GUARDED_BY(mutex);
  // Encoded patches by generation and row.
  std::map<Generation, std::map<int64_t, std::string>> patches
      ABSL_GUARDED_BY(mutex);
  // By their place.
  std::map<uint64_t, AppliedRequest> requests ABSL_GUARDED_BY(mutex);
};

// FakeTableStore keeps the whole contract of TableStore except surviving
// power loss.
//
// Threads  Thread-safe.
class FakeTableStore : public TableStore {
 public:
  // Opens the store on `disk`; generations that no record names are gone.
  // REQUIRES: no other store on it is open.
  explicit FakeTableStore(
      std::shared_ptr<FakeDisk> disk = std::make_shared<FakeDisk>());

  absl::StatusOr<Generation> NewGeneration() override;
  absl::Status WriteChunk(Generation generation, int64_t number,
                          absl::Span<const std::byte> rows) override;
  absl::StatusOr<uint64_t> Commit(const Edit& edit) override;
  absl::Status Sync() override;
  absl::StatusOr<Manifest> ReadManifest() override;
  absl::StatusOr<std::vector<AppliedRequest>> ReadRequests() override;
  absl::Status ScanChunks(Generation generation, int64_t first, int64_t last,
                          ChunkVisitor visit) override;
  absl::Status ScanPatches(Generation generation, PatchVisitor visit) override;
  absl::Status DeleteGeneration(Generation generation) override;
  absl::Status Close() override;
  StoreMaintenance* maintenance() override { return &maintenance_; }

  // The n-th next WriteChunk, Commit or Sync (1: the next) returns `status` and
  // changes nothing.
  void FailWrite(int64_t n, absl::Status status);

  // Runs at the start of each Commit, with no lock held: a test may block in
  // it to hold a commit back.
  void OnCommit(std::function<void()> hook);

  // The same at the start of each WriteChunk.
  void OnWriteChunk(std::function<void()> hook);

  // The same at the start of each ScanChunks and of each ScanPatches.
  void OnScanChunks(std::function<void()> hook);
  void OnScanPatches(std::function<void()> hook);

  // Flips one bit of a stored chunk. REQUIRES: the chunk exists.
  void DamageChunk(Generation generation, int64_t number);
  // Flips one bit of a stored patch. REQUIRES: the patch exists.
  void DamagePatch(Generation generation, int64_t row);
  // Makes a stored chunk vanish. REQUIRES: the chunk exists.
  void LoseChunk(Generation generation, int64_t number);

  // Syncs so far, those of commits among them.
  int64_t num_syncs();

  // Generations with stored chunks, for tests of what is cleaned up.
  int64_t num_generations();

 private:
  absl::Status CheckOpen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The status of FailWrite when its turn has come.
  absl::Status CountWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // That the edit can be done; its chunks are there.
  absl::Status CheckEdit(const Edit& edit, const Manifest& next)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(disk_->mutex);
  // Calls the hook, if there is one.
  void Run(std::function<void()> FakeTableStore::*hook);
  // The encoded chunk, or an empty text.
  std::string ReadChunk(Generation generation, int64_t number);

  const std::shared_ptr<FakeDisk> disk_;
  FakeMaintenance maintenance_;

  Mutex mutex_;  // Taken before disk_->mutex.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t writes_to_failure_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: none.
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  int64_t num_syncs_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<void()> on_write_chunk_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> on_commit_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> on_scan_chunks_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> on_scan_patches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_TESTS_TESTING_FAKE_TABLE_STORE_H_
