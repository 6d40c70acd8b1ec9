#include "client/src/slice_reader.h"

#include <algorithm>

namespace emb {

SliceReader::SliceReader(const std::vector<grpc::Slice>& slices)
    : slices_(slices) {
  for (const grpc::Slice& slice : slices) size_ += slice.size();
}

void SliceReader::Read(uint64_t count, std::string* out) {
  if (!ok_ || count > size_ - position_) return Fail();
  position_ += count;
  while (count > 0) {
    const grpc::Slice& slice = slices_[slice_];
    const auto here = std::min<uint64_t>(count, slice.size() - offset_);
    if (out != nullptr) {
      out->append(reinterpret_cast<const char*>(slice.begin()) + offset_, here);
    }
    offset_ += here;
    count -= here;
    if (offset_ == slice.size()) {
      ++slice_;
      offset_ = 0;
    }
  }
}

uint64_t SliceReader::Varint() {
  constexpr int kBytesMax = 10;
  uint64_t value = 0;
  for (int i = 0; i < kBytesMax && ok_; ++i) {
    while (slice_ < slices_.size() && slices_[slice_].size() == 0) ++slice_;
    if (position_ == size_) break;
    const uint8_t byte = slices_[slice_].begin()[offset_];
    Read(1, nullptr);
    value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) return value;
  }
  Fail();
  return 0;
}

}  // namespace emb
