// The answer to a lookup: views of one buffer.
#ifndef EMB_LOOKUP_RESULT_H_
#define EMB_LOOKUP_RESULT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "emb/types.h"

namespace emb {

// One feature's part of the answer.
struct FeatureResult {
  // Why this feature failed; only with LookupRequest::partial.
  absl::Status status;
  std::vector<int64_t> shape;  // The dim last.
  ElementType dtype = ElementType::kFloat32;
  uint64_t version = 0;
  uint64_t revision = 0;
  // Elements, row-major, in the byte order of a little-endian machine.
  absl::Span<const std::byte> bytes;
  std::vector<int64_t> lengths;       // With Pad: ids kept of each one.
  std::vector<std::uint8_t> missing;  // Bit i of byte i / 8: ids[i].

  // The elements of a float32 result, product(shape) of them.
  // REQUIRES: dtype is kFloat32.
  absl::Span<const float> values() const {
    return {reinterpret_cast<const float*>(bytes.data()),
            bytes.size() / sizeof(float)};
  }
};

// LookupResult holds the answer to one request.
//
// Threads  Thread-compatible.
// Owns     One buffer; every view begins on a 64-byte boundary of it and
//          lives as long as this object or one moved from it. The result of
//          LookupInto owns none: its views are of the caller's memory.
class LookupResult {
 public:
  LookupResult() = default;
  LookupResult(LookupResult&&) = default;
  LookupResult& operator=(LookupResult&&) = default;

  // One per feature of the request, in its order.
  absl::Span<const FeatureResult> features() const { return features_; }
  const FeatureResult& feature(size_t index) const { return features_[index]; }

  // The epoch that every feature was read at.
  uint64_t epoch() const { return epoch_; }

 private:
  friend class LookupResultBuilder;
  struct Free {
    void operator()(std::byte* buffer) const;
  };

  uint64_t epoch_ = 0;
  std::unique_ptr<std::byte[], Free> buffer_;
  std::vector<FeatureResult> features_;
};

}  // namespace emb

#endif  // EMB_LOOKUP_RESULT_H_
