// A file system whose power can be cut.
#ifndef EMB_TESTS_TESTING_LOSSY_FILE_SYSTEM_H_
#define EMB_TESTS_TESTING_LOSSY_FILE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "rocksdb/file_system.h"

namespace emb {

// LossyFileSystem keeps files where they are, and remembers of each how much
// has been synced, and which names no sync of their folder has made durable.
// After a power cut nothing changes any more; then LoseUnsynced makes of the
// files what a disk might have kept.
//
// Threads  Thread-safe, but for LoseUnsynced: nobody uses the files then.
class LossyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  LossyFileSystem();
  const char* Name() const override { return "LossyFileSystem"; }

  // Cuts the power after so many more changes.
  void CutAfter(int64_t changes);

  // Of each file, what was synced and, of what follows, any sectors or none;
  // of new names and renames since their folder was synced, the first few.
  // Then the power is back.
  void LoseUnsynced(std::mt19937_64& chance);

  rocksdb::IOStatus NewWritableFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* file,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* file,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path,
                                 const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* folder,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus Truncate(const std::string& path, size_t size,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;

 private:
  class File;
  class Folder;

  // A name that its folder does not hold durably yet.
  struct NewName {
    std::string path;
    std::string from = {};  // A rename; empty: the file is new.
    // What the name stood for before.
    std::optional<std::string> before = std::nullopt;
  };

  // An error once the power is cut; else counts a change.
  rocksdb::IOStatus Change();
  void Synced(const std::string& path);
  void FolderSynced(const std::string& folder);
  static void TakeBack(const NewName& name);
  void LoseBytes(const std::string& path, uint64_t synced,
                 std::mt19937_64& chance);

  std::mutex mutex_;
  // Guarded by mutex_.
  std::optional<int64_t> changes_left_;
  std::map<std::string, uint64_t> synced_bytes_;  // Of files written so far.
  std::vector<NewName> new_names_;                // In order.
};

}  // namespace emb

#endif  // EMB_TESTS_TESTING_LOSSY_FILE_SYSTEM_H_
