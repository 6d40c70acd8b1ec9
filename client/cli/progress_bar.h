// A progress bar on a terminal.
#ifndef EMB_CLIENT_CLI_PROGRESS_BAR_H_
#define EMB_CLIENT_CLI_PROGRESS_BAR_H_

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "absl/time/time.h"

namespace emb {

// ProgressBar draws one line and draws it again in place: share, bar, rate
// and remaining time. It leaves an empty line behind.
//
// Threads  One thread.
class ProgressBar {
 public:
  using Now = std::function<absl::Time()>;

  // REQUIRES: total_bytes >= 1; `out` outlives the bar.
  ProgressBar(std::string title, int64_t total_bytes, std::ostream& out,
              Now now);
  ~ProgressBar();

  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Draws at most ten times a second.
  void Update(int64_t bytes);

 private:
  const std::string title_;
  const int64_t total_bytes_;
  std::ostream& out_;
  const Now now_;
  const absl::Time start_;
  absl::Time next_draw_;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_PROGRESS_BAR_H_
