// Ids that stand for no row.
#ifndef EMB_CORE_ABSENT_IDS_H_
#define EMB_CORE_ABSENT_IDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/id_span.h"

namespace emb {

// The ids of a lookup that have no row to give: padding ids, and all outside
// [0, num_rows). They are zeros in sequences and left out of bags.
//
// Threads  Immutable.
class AbsentIds {
 public:
  explicit AbsentIds(int64_t num_rows,
                     std::optional<int64_t> padding_id = std::nullopt,
                     std::optional<int64_t> other_padding_id = std::nullopt)
      : num_rows_(static_cast<uint64_t>(num_rows)),
        padding_id_(padding_id.value_or(kNone)),
        other_padding_id_(other_padding_id.value_or(kNone)),
        has_padding_(padding_id.has_value() || other_padding_id.has_value()) {}

  // Whether a padding id was given.
  bool has_padding() const { return has_padding_; }

  bool Contains(int64_t id) const {
    // One comparison: a negative id is a huge one.
    return static_cast<uint64_t>(id) >= num_rows_ || id == padding_id_ ||
           id == other_padding_id_;
  }

 private:
  // Outside every table, and so absent anyway.
  static constexpr int64_t kNone = -1;

  uint64_t num_rows_;
  int64_t padding_id_;
  int64_t other_padding_id_;
  bool has_padding_;
};

// Position of the first id outside [0, num_rows), nullopt if there is none.
// An id equal to `padding_id` is never outside: the padding test comes first.
std::optional<size_t> FindIdOutside(IdSpan ids, int64_t num_rows,
                                    std::optional<int64_t> padding_id);

// Which ids are outside, by the same rule: bit i % 8 (lowest first) of byte
// i / 8 stands for ids[i]. Empty if none is.
std::vector<uint8_t> MarkIdsOutside(IdSpan ids, int64_t num_rows,
                                    std::optional<int64_t> padding_id);

// How many ids are one of the two.
int64_t CountIds(IdSpan ids, std::optional<int64_t> either,
                 std::optional<int64_t> other);

}  // namespace emb

#endif  // EMB_CORE_ABSENT_IDS_H_
