// One feature of a lookup, checked and ready to run.
#ifndef EMB_SERVER_FEATURE_PLAN_H_
#define EMB_SERVER_FEATURE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "core/absent_ids.h"
#include "core/dtype.h"
#include "core/gather.h"
#include "core/id_span.h"
#include "core/pooling.h"
#include "server/registry.h"

namespace emb {

// What becomes of the rows.
struct KeepApart {};

struct PadSequences {
  std::vector<int64_t> lengths;
  PadRule rule;
};

struct PoolIntoBags {
  PoolMode mode = PoolMode::kSum;
  std::vector<int64_t> lengths;  // Of each bag.
  absl::Span<const float> weights;
};

// A feature that will succeed: its table is there, its ids are in range or
// may be missing, its shape fits. Refers to the request and the snapshot it
// was made from.
//
// A result is made of units that take equally many bytes: rows, padded
// sequences, or bags.
struct FeaturePlan {
  const ServedTable* table = nullptr;
  IdSpan ids;
  AbsentIds absent{0};
  std::variant<KeepApart, PadSequences, PoolIntoBags> combine;
  DType dtype = DType::kFloat32;  // Of the result: a float type.
  std::vector<int64_t> shape;     // Of the result, the dim last.
  int64_t values_bytes = 0;       // Of the result.
  std::vector<uint8_t> missing;   // One bit per id; empty: none is missing.

  int64_t num_units() const;
  // With PadSequences, the length of each sequence after truncation; else
  // none.
  std::vector<int64_t> PaddedLengths() const;
};

// FeatureCursor makes the values of one plan, from the first to the last, in
// as many steps as one likes.
//
// Threads  One thread. `plan` outlives the cursor.
class FeatureCursor {
 public:
  explicit FeatureCursor(const FeaturePlan& plan);

  int64_t units_left() const { return num_units_ - unit_; }
  // 0 if the result has no values.
  int64_t unit_bytes() const { return unit_bytes_; }
  // Where the next unit belongs in the result.
  int64_t offset_bytes() const { return unit_ * unit_bytes_; }

  // Gathers, pads or pools the next units, in float32, and rounds them to the
  // dtype of the result; rows that are stored in that one are copied. `values`
  // need not be aligned.
  // REQUIRES: num_units <= units_left(),
  //           values.size() == num_units * unit_bytes().
  void Execute(int64_t num_units, absl::Span<std::byte> values);

 private:
  void Take(int64_t num_units, RowsAs as, absl::Span<std::byte> values);
  void ExecuteAndRound(int64_t num_units, absl::Span<std::byte> values);

  const FeaturePlan& plan_;
  int64_t num_units_;
  int64_t unit_bytes_;
  int64_t unit_ = 0;
  size_t id_ = 0;               // The first of the next unit.
  std::vector<float> scratch_;  // Values on their way to another dtype.
};

}  // namespace emb

#endif  // EMB_SERVER_FEATURE_PLAN_H_
