#include "client/cli/plan/size_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "core/table.h"

namespace emb {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr double kGiB = 1024.0 * kMiB;

constexpr int64_t kDimMax = 65'536;  // The server's default.
// Sums of a few such sizes fit 64 bits.
constexpr int64_t kPlanBytesMax = int64_t{1} << 56;

// docs/format.md: a chunk is about 256 KiB of rows. Header and checksum are 40
// bytes; key, index entry and block trailer of RocksDB about 90.
constexpr int64_t kChunkBytes = 262'144;
constexpr int64_t kChunkExtraBytes = 130;
// A row patch is a chunk of one row, in a smaller block.
constexpr int64_t kPatchExtraBytes = 80;
// The log of RocksDB (max_total_wal_size), which updates fill.
constexpr int64_t kLogBytes = 256 * kMiB;
// What would leave less than 5 % of the disk free is refused.
constexpr int64_t kDiskUsablePercent = 95;

// An arena grows by a sixteenth, or by a huge page.
constexpr int64_t kGrowthShare = 16;
constexpr int64_t kHugePageBytes = 2 * kMiB;
constexpr int64_t kHugeArenaBytes = 16 * kMiB;

// Old rows that lookups in flight still hold count towards the limit.
constexpr int64_t kLimitPercent = 105;
// The default --memory_limit is 80 % of the machine; the process itself needs
// less than 256 MiB (docs/performance.md, memory).
constexpr int64_t kMachinePercent = 80;
constexpr int64_t kProcessBytes = 256 * kMiB;

// docs/performance.md, 2 virtual CPUs: 0.55 s/GiB from the page cache, 0.7 GB/s
// from the disk.
constexpr double kWarmSecondsPerGiB = 0.55;
constexpr double kColdBytesPerSecond = 0.7e9;

// proto/embedding/v1/lookup.proto: ids are 8 bytes each; names and framing of
// one feature.
constexpr int64_t kRequestExtraBytes = 64;
constexpr int64_t kAnswerExtraBytes = 64;

int64_t CeilDiv(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit;
}

int64_t Percent(int64_t value, int64_t percent) {
  return static_cast<int64_t>(static_cast<double>(value) *
                              static_cast<double>(percent) / 100.0);
}

absl::Status CheckShape(const PlannedTable& table) {
  if (table.num_rows < 1 || table.count < 1 || table.dim < 1 ||
      table.dim > kDimMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("table of ", table.num_rows, " x ", table.dim,
                     ", want 1 row and more, a dim of 1 to ", kDimMax));
  }
  if (table.dtype == DType::kInt4Rowwise && table.dim % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("dim: ", table.dim, ", want an even one for int4"));
  }
  const int64_t row_bytes = RowBytes(table.dtype, table.dim);
  if (table.num_rows > kPlanBytesMax / row_bytes / table.count) {
    return absl::InvalidArgumentError(
        absl::StrCat("table of ", table.num_rows, " x ", table.dim,
                     ", want less than 64 PiB in all"));
  }
  return absl::OkStatus();
}

// Of one table.
struct TablePlan {
  int64_t rows_bytes;
  int64_t memory_bytes;
  int64_t directory_bytes;
  int64_t update_bytes;
  int64_t version_bytes;
  int64_t patches_bytes;
};

// An update copies the blocks that it touches, one a row at most. An arena has
// no room for them at first, and grows until it has.
int64_t UpdateBytes(int64_t arena_bytes, int64_t blocks, int64_t rows) {
  const int64_t stride = arena_bytes / blocks;
  const bool huge = arena_bytes >= kHugeArenaBytes;
  const auto growth = std::max<int64_t>(
      {1, blocks / kGrowthShare, huge ? kHugePageBytes / stride : 1});
  return CeilDiv(std::min(blocks, rows), growth) * growth * stride;
}

TablePlan PlanOf(const PlannedTable& table, const PlanOptions& options) {
  const int64_t row_bytes = RowBytes(table.dtype, table.dim);
  const auto geometry = BlockGeometry::For(table.num_rows, row_bytes);
  const int64_t blocks = CeilDiv(table.num_rows, geometry.rows());
  TablePlan plan = {};
  plan.rows_bytes = table.num_rows * row_bytes;
  plan.memory_bytes = Table::MemoryBytes(table.num_rows, row_bytes);
  // Pages of 1,024 pointers.
  plan.directory_bytes = CeilDiv(blocks, 1'024) * 1'024 * 8;
  plan.update_bytes = UpdateBytes(plan.memory_bytes - plan.directory_bytes,
                                  blocks, options.update_rows);
  const int64_t chunk_rows = std::max<int64_t>(1, kChunkBytes / row_bytes);
  plan.version_bytes =
      plan.rows_bytes + CeilDiv(table.num_rows, chunk_rows) * kChunkExtraBytes;
  plan.patches_bytes =
      options.update_rows == 0
          ? 0
          : plan.rows_bytes + table.num_rows * kPatchExtraBytes;
  return plan;
}

void PlanMemory(const TablePlan& largest, const PlanOptions& options,
                SizePlan& plan) {
  plan.rounding_bytes =
      plan.memory_bytes - plan.rows_bytes - plan.directory_bytes;
  const int64_t resident = plan.memory_bytes + plan.update_bytes;
  plan.swap_load_first_bytes = resident + largest.memory_bytes;
  plan.swap_unload_first_bytes = resident;
  plan.swap_all_bytes = resident + plan.memory_bytes;
  plan.memory_limit_bytes =
      Percent(options.unload_first ? plan.swap_unload_first_bytes
                                   : plan.swap_load_first_bytes,
              kLimitPercent);
  plan.machine_bytes = std::max(plan.memory_limit_bytes / kMachinePercent * 100,
                                plan.memory_limit_bytes + kProcessBytes);
}

// An import, or a fold, writes a version beside those that are kept.
void PlanDisk(const TablePlan& largest, const PlanOptions& options,
              SizePlan& plan) {
  plan.backup_bytes =
      options.keep_versions * plan.version_bytes + plan.patches_bytes;
  plan.next_backup_bytes = plan.version_bytes;
  plan.data_dir_bytes = plan.backup_bytes + largest.version_bytes + kLogBytes;
  plan.disk_bytes = plan.data_dir_bytes / kDiskUsablePercent * 100;
}

}  // namespace

absl::StatusOr<SizePlan> PlanSizes(absl::Span<const PlannedTable> tables,
                                   const PlanOptions& options) {
  SizePlan plan;
  TablePlan largest = {};
  int64_t dim_max = 0;
  for (const PlannedTable& table : tables) {
    EMB_RETURN_IF_ERROR(CheckShape(table));
    const TablePlan one = PlanOf(table, options);
    plan.num_tables += table.count;
    plan.num_rows += table.count * table.num_rows;
    plan.rows_bytes += table.count * one.rows_bytes;
    plan.memory_bytes += table.count * one.memory_bytes;
    plan.directory_bytes += table.count * one.directory_bytes;
    plan.update_bytes += table.count * one.update_bytes;
    plan.version_bytes += table.count * one.version_bytes;
    plan.patches_bytes += table.count * one.patches_bytes;
    dim_max = std::max(dim_max, table.dim);
    if (one.memory_bytes > largest.memory_bytes) largest = one;
    if (plan.rows_bytes > kPlanBytesMax) {
      return absl::InvalidArgumentError("tables: want less than 64 PiB in all");
    }
  }
  PlanMemory(largest, options, plan);
  PlanDisk(largest, options, plan);
  const auto rows_bytes = static_cast<double>(plan.rows_bytes);
  plan.warm_start_seconds = rows_bytes / kGiB * kWarmSecondsPerGiB;
  plan.cold_start_seconds = rows_bytes / kColdBytesPerSecond;
  plan.request_bytes = options.lookup_ids * 8 + kRequestExtraBytes;
  plan.answer_bytes =
      options.lookup_ids * dim_max * int64_t{sizeof(float)} + kAnswerExtraBytes;
  return plan;
}

}  // namespace emb
