// A line on a terminal that says how long something takes.
#ifndef EMB_CLIENT_CLI_ELAPSED_LINE_H_
#define EMB_CLIENT_CLI_ELAPSED_LINE_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>

#include "absl/time/time.h"

namespace emb {

// ElapsedLine draws "title: 3 s" once its patience is over and again every
// second, on a thread of its own, since its owner waits for an answer. It
// leaves an empty line behind, or nothing if it drew nothing.
//
// Threads  One thread; `out` is its own until it is destroyed.
class ElapsedLine {
 public:
  // `out` outlives the line.
  ElapsedLine(std::string title, absl::Duration patience, std::ostream& out);
  ~ElapsedLine();

  ElapsedLine(const ElapsedLine&) = delete;
  ElapsedLine& operator=(const ElapsedLine&) = delete;

 private:
  void Draw(absl::Duration patience);

  const std::string title_;
  std::ostream& out_;
  const std::chrono::steady_clock::time_point start_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;  // Guarded by mutex_.

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_ELAPSED_LINE_H_
