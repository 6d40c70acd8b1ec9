// Files that are read again when they change.
#ifndef EMB_SERVER_FILE_WATCH_H_
#define EMB_SERVER_FILE_WATCH_H_

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/mutex.h"

namespace emb {

// FileWatch looks at its files at an interval, on a thread of its own, and
// reloads them when one is another than it was: by device, inode, size or time
// of change. It looks rather than waits for events: a directory that is mounted
// anew or a link that is turned elsewhere, as orchestrators do, is seen too.
//
// Threads  Thread-safe.
class FileWatch {
 public:
  struct Options {
    std::vector<std::string> paths;
    // What StateOf said of them before they were loaded.
    std::string loaded_state;
    absl::Duration interval;
    // Tried again at each interval until it succeeds: files that belong
    // together are not always replaced in one step.
    std::function<absl::Status()> reload;
    // Told of each success, and of a failure once, until the files or the
    // failure change.
    std::function<void(const absl::Status& status)> report;
  };

  explicit FileWatch(Options options);
  // Waits for a reload under way.
  ~FileWatch();

  // Another text when a file is another.
  static std::string StateOf(const std::vector<std::string>& paths);

  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  void Run();
  void Look();

  const Options options_;
  // Of the thread alone.
  std::string loaded_state_;
  std::string reported_;

  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_FILE_WATCH_H_
