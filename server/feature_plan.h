// One feature of a lookup, checked and ready to run.
#ifndef EMB_SERVER_FEATURE_PLAN_H_
#define EMB_SERVER_FEATURE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "core/absent_ids.h"
#include "core/gather.h"
#include "core/pooling.h"
#include "server/registry.h"

namespace emb {

// What becomes of the rows; each kind refers to the request.
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
struct FeaturePlan {
  const ServedTable* table = nullptr;
  absl::Span<const int64_t> ids;
  AbsentIds absent{0};
  std::variant<KeepApart, PadSequences, PoolIntoBags> combine;
  std::vector<int64_t> shape;    // Of the result, the dim last.
  int64_t values_bytes = 0;      // Of the result.
  std::vector<uint8_t> missing;  // One bit per id; empty: none is missing.

  // Gathers, pads or pools the rows into `values`.
  // REQUIRES: values.size() == values_bytes, aligned for float.
  void Execute(absl::Span<std::byte> values) const;

  // With PadSequences, the length of each sequence after truncation; else
  // none.
  std::vector<int64_t> PaddedLengths() const;
};

}  // namespace emb

#endif  // EMB_SERVER_FEATURE_PLAN_H_
