// Reads protobuf's wire format from a message that the transport has cut.
#ifndef EMB_CLIENT_SRC_SLICE_READER_H_
#define EMB_CLIENT_SRC_SLICE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "grpcpp/support/slice.h"

namespace emb {

// SliceReader goes through the bytes of several slices as if they were one.
// After a failure (an early end, a varint over ten bytes) it stays failed.
//
// Threads  One thread.
class SliceReader {
 public:
  // `slices` outlive the reader.
  explicit SliceReader(const std::vector<grpc::Slice>& slices);

  bool ok() const { return ok_; }
  void Fail() { ok_ = false; }
  size_t position() const { return position_; }
  size_t size() const { return size_; }

  uint64_t Varint();
  // Appends the next `count` bytes to `out`, if it is not null.
  void Read(uint64_t count, std::string* out);

 private:
  const std::vector<grpc::Slice>& slices_;
  size_t size_ = 0;
  size_t position_ = 0;  // In all.
  size_t slice_ = 0;
  size_t offset_ = 0;  // In slices_[slice_].
  bool ok_ = true;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_SLICE_READER_H_
