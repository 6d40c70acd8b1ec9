#include "server/file_watch.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace emb {

FileWatch::FileWatch(Options options)
    : options_(std::move(options)),
      loaded_state_(options_.loaded_state),
      thread_([this] { Run(); }) {}

FileWatch::~FileWatch() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

std::string FileWatch::StateOf(const std::vector<std::string>& paths) {
  std::string all;
  for (const std::string& path : paths) {
    struct stat file = {};
    if (stat(path.c_str(), &file) != 0) {
      absl::StrAppend(&all, "none;");
      continue;
    }
    absl::StrAppend(&all, file.st_dev, ",", file.st_ino, ",", file.st_size, ",",
                    file.st_mtim.tv_sec, ",", file.st_mtim.tv_nsec, ",",
                    file.st_ctim.tv_sec, ",", file.st_ctim.tv_nsec, ";");
  }
  return all;
}

void FileWatch::Run() {
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (!stopping_) {
        changed_.WaitFor(mutex_, absl::ToDoubleSeconds(options_.interval));
      }
      if (stopping_) return;
    }
    Look();
  }
}

void FileWatch::Look() {
  // Before the files are read: a change meanwhile is seen the next time.
  std::string state = StateOf(options_.paths);
  if (state == loaded_state_) return;
  const absl::Status status = options_.reload();
  const std::string told = absl::StrCat(state, status.ToString());
  if (status.ok() || told != reported_) options_.report(status);
  reported_ = told;
  if (status.ok()) loaded_state_ = std::move(state);
}

}  // namespace emb
