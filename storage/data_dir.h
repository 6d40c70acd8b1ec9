// The data directory: who owns it and what may lie in it.
//
//   LOCK          held by flock while a process owns the directory; its pid
//   rocksdb       the store, always complete
//   rocksdb.new   a store that is being created; left behind by a crash
//   lost+found    of the file system; ignored
#ifndef EMB_STORAGE_DATA_DIR_H_
#define EMB_STORAGE_DATA_DIR_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace emb {

// DataDir owns a data directory until it is destroyed.
//
// Threads  One thread.
class DataDir {
 public:
  // Creates the directory if it is absent, its parents too, and locks it.
  //
  // Errors   UNAVAILABLE          somebody has it, perhaps this process;
  //                               names the pid.
  //          FAILED_PRECONDITION  not a directory, or without a store and
  //                               not empty; nothing has been written to it.
  //          PERMISSION_DENIED, RESOURCE_EXHAUSTED, INTERNAL  the file
  //                               system.
  static absl::StatusOr<std::unique_ptr<DataDir>> Open(std::string path);
  ~DataDir();

  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  const std::string& path() const { return path_; }
  std::string store_path() const;
  std::string new_store_path() const;

  // There is a folder store_path().
  bool has_store() const;

  // Removes what an unfinished creation left in new_store_path().
  absl::Status RemoveNewStore() const;

  // Durably renames new_store_path() to store_path(). The files in it are
  // durable already; afterwards the store exists as a whole.
  absl::Status AdoptNewStore() const;

 private:
  DataDir(std::string path, int lock_fd)
      : path_(std::move(path)), lock_fd_(lock_fd) {}

  std::string path_;
  int lock_fd_;
};

// Creates `path` if absent, and removes what is in it.
absl::Status MakeEmptyDirectory(const std::string& path);

}  // namespace emb

#endif  // EMB_STORAGE_DATA_DIR_H_
