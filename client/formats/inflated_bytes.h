// The content of a zip member: unpacked as it is read, and checked.
#ifndef EMB_CLIENT_FORMATS_INFLATED_BYTES_H_
#define EMB_CLIENT_FORMATS_INFLATED_BYTES_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/formats/byte_source.h"
#include "zlib.h"

namespace emb {

// A raw deflate stream. Reading on is cheap; going back starts anew.
//
// Memory   About 100 KiB, whatever the sizes.
class InflatedBytes final : public ByteSource {
 public:
  InflatedBytes(std::shared_ptr<ByteSource> packed, int64_t size_bytes);
  ~InflatedBytes() override;
  InflatedBytes(const InflatedBytes&) = delete;
  InflatedBytes& operator=(const InflatedBytes&) = delete;

  int64_t size_bytes() const override { return size_bytes_; }
  bool random_access() const override { return false; }

  // Errors   INVALID_ARGUMENT  the stream is damaged, or does not unpack to
  //                            size_bytes.
  absl::Status ReadAt(int64_t offset, absl::Span<std::byte> out) override;

 private:
  absl::Status Restart();
  absl::Status SkipTo(int64_t offset);
  // Unpacks the next bytes.
  absl::Status Next(absl::Span<std::byte> out);
  absl::Status Refill();
  absl::Status CheckEnd();

  const std::shared_ptr<ByteSource> packed_;
  const int64_t size_bytes_;
  z_stream stream_ = {};
  bool started_ = false;
  bool ended_ = false;       // The stream has said so.
  int64_t next_ = 0;         // The next byte to come out
  int64_t packed_next_ = 0;  // and the next to go in.
  std::vector<std::byte> in_;
};

// Bytes whose CRC-32 is known. The first bytes read in order, with or without
// repeats, are summed; when they are all, the sum must agree.
class CheckedBytes final : public ByteSource {
 public:
  CheckedBytes(std::shared_ptr<ByteSource> bytes, uint32_t crc)
      : bytes_(std::move(bytes)), want_(crc) {}

  int64_t size_bytes() const override { return bytes_->size_bytes(); }
  bool random_access() const override { return bytes_->random_access(); }

  // Errors   DATA_LOSS  the checksum does not agree.
  absl::Status ReadAt(int64_t offset, absl::Span<std::byte> out) override;

 private:
  const std::shared_ptr<ByteSource> bytes_;
  const uint32_t want_;
  uint32_t crc_ = 0;    // Of the first
  int64_t summed_ = 0;  // bytes.
};

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_INFLATED_BYTES_H_
