#include "client/formats/inflated_bytes.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr size_t kPackedStepBytes = 32 << 10;
constexpr size_t kSkipStepBytes = 16 << 10;
// zlib counts in 32 bits.
constexpr size_t kStepBytesMax = 1 << 30;

Bytef* ZlibBytes(std::byte* bytes) { return reinterpret_cast<Bytef*>(bytes); }

absl::Status Damaged(absl::string_view complaint) {
  return absl::InvalidArgumentError(
      absl::StrCat("damaged deflate data: ", complaint));
}

}  // namespace

InflatedBytes::InflatedBytes(std::shared_ptr<ByteSource> packed,
                             int64_t size_bytes)
    : packed_(std::move(packed)),
      size_bytes_(size_bytes),
      in_(kPackedStepBytes) {}

InflatedBytes::~InflatedBytes() {
  if (started_) inflateEnd(&stream_);
}

absl::Status InflatedBytes::ReadAt(int64_t offset, absl::Span<std::byte> out) {
  if (!started_ || offset < next_) EMB_RETURN_IF_ERROR(Restart());
  EMB_RETURN_IF_ERROR(SkipTo(offset));
  while (!out.empty()) {
    const auto part = out.first(std::min(out.size(), kStepBytesMax));
    EMB_RETURN_IF_ERROR(Next(part));
    out.remove_prefix(part.size());
  }
  return next_ == size_bytes_ ? CheckEnd() : absl::OkStatus();
}

absl::Status InflatedBytes::Restart() {
  if (started_) inflateEnd(&stream_);
  stream_ = {};
  // Negative: a raw stream, as zip has it.
  started_ = inflateInit2(&stream_, -MAX_WBITS) == Z_OK;
  if (!started_) return absl::ResourceExhaustedError("no memory to inflate");
  ended_ = false;
  next_ = 0;
  packed_next_ = 0;
  return absl::OkStatus();
}

absl::Status InflatedBytes::SkipTo(int64_t offset) {
  std::array<std::byte, kSkipStepBytes> skipped;
  while (next_ < offset) {
    EMB_RETURN_IF_ERROR(Next(absl::MakeSpan(skipped).first(
        std::min(skipped.size(), static_cast<size_t>(offset - next_)))));
  }
  return absl::OkStatus();
}

absl::Status InflatedBytes::Next(absl::Span<std::byte> out) {
  stream_.next_out = ZlibBytes(out.data());
  stream_.avail_out = static_cast<uInt>(out.size());
  while (stream_.avail_out > 0) {
    if (ended_) {
      return Damaged(absl::StrCat("it ends after ",
                                  next_ + out.size() - stream_.avail_out,
                                  " bytes, want ", size_bytes_));
    }
    EMB_RETURN_IF_ERROR(Refill());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    ended_ = result == Z_STREAM_END;
    if (!ended_ && result != Z_OK) {
      return Damaged(stream_.msg == nullptr ? "it is cut off" : stream_.msg);
    }
  }
  next_ += static_cast<int64_t>(out.size());
  return absl::OkStatus();
}

absl::Status InflatedBytes::Refill() {
  if (stream_.avail_in > 0) return absl::OkStatus();
  const auto part = absl::MakeSpan(in_).first(std::min(
      in_.size(), static_cast<size_t>(packed_->size_bytes() - packed_next_)));
  EMB_RETURN_IF_ERROR(packed_->ReadAt(packed_next_, part));
  packed_next_ += static_cast<int64_t>(part.size());
  stream_.next_in = ZlibBytes(in_.data());
  stream_.avail_in = static_cast<uInt>(part.size());
  return absl::OkStatus();
}

// Whoever declared fewer bytes than come out may have meant to.
absl::Status InflatedBytes::CheckEnd() {
  Bytef more = 0;
  while (!ended_) {
    EMB_RETURN_IF_ERROR(Refill());
    stream_.next_out = &more;
    stream_.avail_out = 1;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    ended_ = result == Z_STREAM_END;
    if (stream_.avail_out == 0) {
      return Damaged(absl::StrCat("more than the ", size_bytes_,
                                  " bytes that the directory says"));
    }
    if (!ended_ && result != Z_OK) return Damaged("it does not end");
  }
  if (stream_.avail_in > 0 || packed_next_ != packed_->size_bytes()) {
    return Damaged("bytes after its end");
  }
  return absl::OkStatus();
}

absl::Status CheckedBytes::ReadAt(int64_t offset, absl::Span<std::byte> out) {
  EMB_RETURN_IF_ERROR(bytes_->ReadAt(offset, out));
  const int64_t end = offset + static_cast<int64_t>(out.size());
  if (offset > summed_ || end <= summed_) return absl::OkStatus();
  auto rest = out.subspan(static_cast<size_t>(summed_ - offset));
  while (!rest.empty()) {
    const auto part = rest.first(std::min(rest.size(), kStepBytesMax));
    crc_ = static_cast<uint32_t>(
        crc32(crc_, ZlibBytes(part.data()), static_cast<uInt>(part.size())));
    rest.remove_prefix(part.size());
  }
  summed_ = end;
  if (summed_ < size_bytes() || crc_ == want_) return absl::OkStatus();
  return absl::DataLossError("the checksum (CRC-32) does not agree: damaged");
}

}  // namespace emb
