#include "client/cli/elapsed_line.h"

#include <utility>

namespace emb {

ElapsedLine::ElapsedLine(std::string title, absl::Duration patience,
                         std::ostream& out)
    : title_(std::move(title)),
      out_(out),
      start_(std::chrono::steady_clock::now()),
      thread_([this, patience] { Draw(patience); }) {}

ElapsedLine::~ElapsedLine() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ElapsedLine::Draw(absl::Duration patience) {
  bool drawn = false;
  auto next = start_ + absl::ToChronoMilliseconds(patience);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_until(lock, next, [this] { return finished_; })) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - start_);
    out_ << "\r" << title_ << ": " << seconds.count() << " s\033[K"
         << std::flush;
    drawn = true;
    next += std::chrono::seconds(1);
  }
  if (drawn) out_ << "\r\033[K" << std::flush;
}

}  // namespace emb
