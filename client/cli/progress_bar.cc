#include "client/cli/progress_bar.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/output.h"
#include "client/cli/text.h"

namespace emb {
namespace {

constexpr int64_t kBarWidth = 30;
constexpr absl::Duration kInterval = absl::Milliseconds(100);

}  // namespace

ProgressBar::ProgressBar(std::string title, int64_t total_bytes,
                         std::ostream& out, Now now)
    : title_(std::move(title)),
      total_bytes_(total_bytes),
      out_(out),
      now_(std::move(now)),
      start_(now_()),
      next_draw_(start_) {}

ProgressBar::~ProgressBar() {
  out_ << "\r\033[K" << std::flush;  // Back to an empty line.
}

void ProgressBar::Update(int64_t bytes) {
  bytes = std::min(bytes, total_bytes_);
  const absl::Time now = now_();
  if (now < next_draw_) return;
  next_draw_ = now + kInterval;
  const double seconds = absl::ToDoubleSeconds(now - start_);
  const double rate = seconds > 0 ? static_cast<double>(bytes) / seconds : 0;
  const auto filled = static_cast<size_t>(kBarWidth * bytes / total_bytes_);
  out_ << absl::StreamFormat(
      "\r%s %3d%% [%s%s] %s/s", title_, 100 * bytes / total_bytes_,
      std::string(filled, '='),
      std::string(static_cast<size_t>(kBarWidth) - filled, ' '),
      HumanBytes(static_cast<int64_t>(rate)));
  if (rate > 0) {
    const auto left =
        static_cast<int64_t>(static_cast<double>(total_bytes_ - bytes) / rate);
    out_ << absl::StreamFormat(", %d s left", left);
  }
  out_ << "\033[K" << std::flush;
}

}  // namespace emb
