// What a plan is made of. That a server really takes so much is shown by
// tests/integration/plan_test.py.
#include "client/cli/plan/size_plan.h"

#include <limits>
#include <string>
#include <vector>

#include "core/table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;

SizePlan PlanOf(const std::vector<PlannedTable>& tables,
                const PlanOptions& options = {}) {
  const auto plan = PlanSizes(tables, options);
  EXPECT_THAT(plan, IsOk());
  return plan.value_or(SizePlan());
}

TEST(SizePlan, AMillionRowsOf64) {
  const SizePlan plan = PlanOf({{.num_rows = 1'000'000, .dim = 64}});
  EXPECT_EQ(plan.rows_bytes, 256'000'000);
  // 15,625 blocks of 64 rows; 16 pages of 1,024 pointers.
  EXPECT_EQ(plan.rounding_bytes, 0);
  EXPECT_EQ(plan.directory_bytes, 16 * 8'192);
  EXPECT_EQ(plan.memory_bytes, 256'000'000 + 131'072);
  // 1,000 blocks, by an arena that grows by 976 at a time.
  EXPECT_EQ(plan.update_bytes, 2 * 976 * 16'384);
  EXPECT_EQ(plan.swap_unload_first_bytes,
            plan.memory_bytes + plan.update_bytes);
  EXPECT_EQ(plan.swap_load_first_bytes,
            2 * plan.memory_bytes + plan.update_bytes);
  // 977 chunks of 1,024 rows.
  EXPECT_EQ(plan.version_bytes, 256'000'000 + 977 * 130);
  EXPECT_EQ(plan.request_bytes, 8'256);
  EXPECT_EQ(plan.answer_bytes, 262'208);
  EXPECT_NEAR(plan.warm_start_seconds, 0.131, 0.001);
  EXPECT_NEAR(plan.cold_start_seconds, 0.366, 0.001);
}

TEST(SizePlan, RowsTakeWhatTheirTypeTakes) {
  const struct {
    DType dtype;
    int64_t row_bytes;
  } cases[] = {{DType::kFloat32, 256},
               {DType::kFloat16, 128},
               {DType::kBFloat16, 128},
               {DType::kInt8Rowwise, 72},
               {DType::kInt4Rowwise, 36}};
  for (const auto& c : cases) {
    SCOPED_TRACE(DTypeName(c.dtype));
    const SizePlan plan =
        PlanOf({{.num_rows = 100'000, .dim = 64, .dtype = c.dtype}});
    EXPECT_EQ(plan.rows_bytes, 100'000 * c.row_bytes);
    EXPECT_EQ(plan.memory_bytes, Table::MemoryBytes(100'000, c.row_bytes));
    EXPECT_EQ(plan.memory_bytes,
              plan.rows_bytes + plan.rounding_bytes + plan.directory_bytes);
    EXPECT_GE(plan.rounding_bytes, 0);
    // Answers are float32 whatever is stored.
    EXPECT_EQ(plan.answer_bytes, 262'208);
  }
}

TEST(SizePlan, TablesAddUpAndTheLargestIsSwapped) {
  const PlannedTable small = {.num_rows = 100, .dim = 8, .count = 3};
  const PlannedTable large = {.num_rows = 50'000, .dim = 32};
  const SizePlan all = PlanOf({small, large});
  const SizePlan a = PlanOf({small});
  const SizePlan b = PlanOf({large});
  EXPECT_EQ(all.num_tables, 4);
  EXPECT_EQ(all.num_rows, 50'300);
  EXPECT_EQ(all.memory_bytes, a.memory_bytes + b.memory_bytes);
  EXPECT_EQ(all.version_bytes, a.version_bytes + b.version_bytes);
  EXPECT_EQ(all.swap_load_first_bytes,
            all.memory_bytes + all.update_bytes + b.memory_bytes);
  EXPECT_EQ(all.swap_all_bytes, 2 * all.memory_bytes + all.update_bytes);
}

TEST(SizePlan, OptionsChangeWhatTheyAreAbout) {
  const std::vector<PlannedTable> tables = {
      {.num_rows = 10'000'000, .dim = 64}};
  const SizePlan usual = PlanOf(tables);
  const SizePlan three = PlanOf(tables, {.keep_versions = 3});
  EXPECT_EQ(three.data_dir_bytes, usual.data_dir_bytes + usual.version_bytes);
  EXPECT_EQ(three.memory_bytes, usual.memory_bytes);
  const SizePlan unloading = PlanOf(tables, {.unload_first = true});
  EXPECT_LT(unloading.memory_limit_bytes, usual.memory_limit_bytes * 6 / 10);
  const SizePlan still = PlanOf(tables, {.update_rows = 0});
  EXPECT_EQ(still.patches_bytes, 0);
  EXPECT_EQ(still.swap_unload_first_bytes, still.memory_bytes);
  EXPECT_EQ(usual.data_dir_bytes - still.data_dir_bytes, usual.patches_bytes);
  const SizePlan everywhere = PlanOf(tables, {.update_rows = 100'000'000});
  EXPECT_GE(everywhere.update_bytes,
            everywhere.memory_bytes - everywhere.directory_bytes);
  EXPECT_LT(everywhere.update_bytes, everywhere.memory_bytes * 11 / 10);
}

TEST(SizePlan, RecommendsMoreThanIsUsed) {
  for (const int64_t rows : {1, 1'000, 1'000'000, 1'000'000'000}) {
    SCOPED_TRACE(rows);
    const SizePlan plan = PlanOf({{.num_rows = rows, .dim = 64}});
    EXPECT_GE(plan.memory_limit_bytes, plan.swap_load_first_bytes);
    // The default --memory_limit of such a machine is enough.
    EXPECT_GE(plan.machine_bytes / 10 * 8, plan.memory_limit_bytes / 100 * 99);
    EXPECT_GE(plan.machine_bytes, plan.memory_limit_bytes + 256 * kMiB);
    EXPECT_GE(plan.disk_bytes / 100 * 95, plan.data_dir_bytes / 100 * 99);
  }
}

TEST(SizePlan, RefusesWhatNoServerTakes) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const struct {
    PlannedTable table;
    std::string complaint;
  } cases[] = {
      {{.num_rows = 0, .dim = 4}, "table of 0 x 4, want 1 row"},
      {{.num_rows = -1, .dim = 4}, "table of -1 x 4"},
      {{.num_rows = 4, .dim = 0}, "a dim of 1 to 65536"},
      {{.num_rows = 4, .dim = 65'537}, "a dim of 1 to 65536"},
      {{.num_rows = 4, .dim = 4, .count = 0}, "table of 4 x 4"},
      {{.num_rows = 4, .dim = 3, .dtype = DType::kInt4Rowwise},
       "dim: 3, want an even one for int4"},
      {{.num_rows = kMost, .dim = 1}, "want less than 64 PiB"},
      {{.num_rows = int64_t{1} << 40, .dim = 64, .count = 1'000'000},
       "want less than 64 PiB"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(PlanSizes({c.table}, {}).status(),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(c.complaint)));
  }
  const PlannedTable half = {.num_rows = int64_t{1} << 47, .dim = 96};
  EXPECT_THAT(PlanSizes({half, half}, {}).status(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("in all")));
}

}  // namespace
}  // namespace emb
