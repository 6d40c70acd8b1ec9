// Bytes in order, for formats whose places are known only by reading on.
#ifndef EMB_CLIENT_FORMATS_BYTE_STREAM_H_
#define EMB_CLIENT_FORMATS_BYTE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/formats/byte_source.h"

namespace emb {

// Threads  One thread.
// Memory   About 1 MiB, and the longest line asked for.
class ByteStream {
 public:
  explicit ByteStream(std::shared_ptr<ByteSource> bytes)
      : bytes_(std::move(bytes)) {}

  // Of the next byte.
  int64_t offset() const {
    return read_ - static_cast<int64_t>(buffer_.size() - next_);
  }
  bool at_end() const { return offset() == bytes_->size_bytes(); }

  // The bytes before the next `delimiter`, which is skipped, or before the end;
  // valid until the next call.
  //
  // Errors   OUT_OF_RANGE  more than `bytes_max` of them.
  absl::StatusOr<absl::string_view> ReadUntil(char delimiter, size_t bytes_max);

  // The next byte. REQUIRES: !at_end().
  absl::StatusOr<char> Peek();
  // REQUIRES: what Peek showed has not been skipped.
  void Skip() { ++next_; }

  // Fills `out`. REQUIRES: as many bytes are left.
  absl::Status Read(absl::Span<std::byte> out);

 private:
  // Reads on, behind what is left of the buffer.
  absl::Status Fill();

  const std::shared_ptr<ByteSource> bytes_;
  std::string buffer_;
  size_t next_ = 0;   // In buffer_.
  int64_t read_ = 0;  // Bytes taken from the source.
};

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_BYTE_STREAM_H_
