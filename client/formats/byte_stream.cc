#include "client/formats/byte_stream.h"

#include <algorithm>
#include <cstring>

#include "core/status_macros.h"

namespace emb {
namespace {

constexpr int64_t kFillBytes = 1 << 20;

}  // namespace

absl::Status ByteStream::Fill() {
  buffer_.erase(0, next_);
  next_ = 0;
  const auto count =
      static_cast<size_t>(std::min(kFillBytes, bytes_->size_bytes() - read_));
  const size_t kept = buffer_.size();
  buffer_.resize(kept + count);
  EMB_RETURN_IF_ERROR(bytes_->ReadAt(
      read_, {reinterpret_cast<std::byte*>(buffer_.data()) + kept, count}));
  read_ += static_cast<int64_t>(count);
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> ByteStream::ReadUntil(char delimiter,
                                                        size_t bytes_max) {
  size_t searched = 0;
  for (;;) {
    const auto rest = absl::string_view(buffer_).substr(next_);
    const size_t end = rest.find(delimiter, searched);
    const bool last = read_ == bytes_->size_bytes();
    if (end != absl::string_view::npos || last || rest.size() > bytes_max) {
      const size_t count = std::min(end, rest.size());
      if (count > bytes_max) return absl::OutOfRangeError("too long");
      next_ += std::min(count + 1, rest.size());
      return rest.substr(0, count);
    }
    searched = rest.size();
    EMB_RETURN_IF_ERROR(Fill());
  }
}

absl::StatusOr<char> ByteStream::Peek() {
  if (next_ == buffer_.size()) EMB_RETURN_IF_ERROR(Fill());
  return buffer_[next_];
}

absl::Status ByteStream::Read(absl::Span<std::byte> out) {
  while (!out.empty()) {
    if (next_ == buffer_.size()) EMB_RETURN_IF_ERROR(Fill());
    const size_t count = std::min(out.size(), buffer_.size() - next_);
    std::memcpy(out.data(), buffer_.data() + next_, count);
    next_ += count;
    out.remove_prefix(count);
  }
  return absl::OkStatus();
}

}  // namespace emb
