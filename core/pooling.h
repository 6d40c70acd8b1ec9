// Bags: rows of a table combined into one vector each.
//
// Source: torch.nn.functional.embedding_bag (PyTorch 1.13.1, CPU, float32).
#ifndef EMB_CORE_POOLING_H_
#define EMB_CORE_POOLING_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/absent_ids.h"
#include "core/id_span.h"
#include "core/table.h"

namespace emb {

enum class PoolMode { kSum, kMean, kMax };

// "sum", "mean", "max"; INVALID_ARGUMENT for any other name.
absl::StatusOr<PoolMode> ParsePoolMode(absl::string_view name);

// Ids of all bags, one bag after another.
struct Bags {
  IdSpan ids;
  absl::Span<const int64_t> lengths;  // Of each bag; they add up to the ids.
  absl::Span<const float> weights;    // With kSum one per id, or none: all 1.
};

// Combines the rows of each bag into dim float32 elements of `out`, which need
// not be aligned, bag after bag. Absent ids are left out; a bag without others
// gives zeros. Rows of another dtype are decoded as they are read (DecodeRow).
//
//   sum   Starts at +0 and adds rows in bag order, in float32: same bytes as
//         PyTorch. With weights fma(weight, row, sum), or, where a padding id
//         is given, sum + (weight * row): same bytes as its AVX2 build, which
//         does that by two kernels.
//   mean  The sum, divided by the number of ids that are there: same bytes.
//   max   The first row as it is; a later element replaces it only if it is
//         greater. So the first NaN stays, a later one is passed over, and
//         zeros of both signs are equal: same bytes.
//
// Cost     One pass over the rows, which are prefetched.
// REQUIRES: ValidateLengths and ValidateWeights are OK;
//           out.size() == lengths.size() * table.format().float_bytes().
void PoolBags(const Table& table, PoolMode mode, const Bags& bags,
              const AbsentIds& absent, absl::Span<std::byte> out);

// Checks the lengths of sequences or bags.
//
// Errors   INVALID_ARGUMENT  one is negative, or they do not add up to
//                            num_ids; names the position.
absl::Status ValidateLengths(absl::Span<const int64_t> lengths,
                             int64_t num_ids);

// Checks that weights, if there are any, go with a sum and are one per id.
//
// Errors   INVALID_ARGUMENT  says which.
absl::Status ValidateWeights(PoolMode mode, int64_t num_weights,
                             int64_t num_ids);

// Turns EmbeddingBag's offsets, where bag b is ids[offsets[b], offsets[b + 1])
// and the last bag runs to the end, into lengths. With include_last_offset
// the last offset is that end, and there is one bag fewer.
//
// Errors   INVALID_ARGUMENT  the first offset is not 0, one is negative,
//                            decreasing or beyond num_ids; with
//                            include_last_offset none, or the last one is not
//                            num_ids; ids without offsets.
absl::StatusOr<std::vector<int64_t>> LengthsOfOffsets(
    absl::Span<const int64_t> offsets, int64_t num_ids,
    bool include_last_offset);

}  // namespace emb

#endif  // EMB_CORE_POOLING_H_
