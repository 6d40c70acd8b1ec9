// Ids of a request, wherever they lie.
#ifndef EMB_CORE_ID_SPAN_H_
#define EMB_CORE_ID_SPAN_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "absl/types/span.h"

namespace emb {

// IdSpan is a view of int64 ids that need not be aligned, such as those of a
// packed sfixed64 field in the middle of a message.
//
// Threads  Immutable.
// Owns     Nothing; as a span.
class IdSpan {
 public:
  IdSpan() = default;

  // Views of ids in memory; implicit, as Span's own constructors are.
  // NOLINTBEGIN(google-explicit-constructor)
  IdSpan(absl::Span<const int64_t> ids)
      : IdSpan(reinterpret_cast<const std::byte*>(ids.data()), ids.size()) {}
  IdSpan(const std::vector<int64_t>& ids) : IdSpan(absl::MakeConstSpan(ids)) {}
  // Lives as long as the full expression.
  IdSpan(std::initializer_list<int64_t> ids)
      : IdSpan(absl::MakeConstSpan(ids.begin(), ids.size())) {}
  // NOLINTEND(google-explicit-constructor)

  // `size` ids, little-endian, from `data` on.
  IdSpan(const std::byte* data, size_t size) : data_(data), size_(size) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // REQUIRES: i < size().
  int64_t operator[](size_t i) const {
    assert(i < size_);
    int64_t id;
    std::memcpy(&id, data_ + i * sizeof(id), sizeof(id));
    return id;
  }

  // At most `count` ids from `first` on. REQUIRES: first <= size().
  IdSpan subspan(size_t first, size_t count = SIZE_MAX) const {
    assert(first <= size_);
    return {data_ + first * sizeof(int64_t), std::min(count, size_ - first)};
  }

 private:
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace emb

#endif  // EMB_CORE_ID_SPAN_H_
