// What tests of the managers of tables and versions stand on.
#ifndef EMB_TESTS_UNIT_SERVER_MANAGER_FIXTURE_H_
#define EMB_TESTS_UNIT_SERVER_MANAGER_FIXTURE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/committer.h"
#include "server/memory_budget.h"
#include "server/name_claims.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "server/table_manager.h"
#include "server/version_manager.h"
#include "tests/testing/fake_table_store.h"
#include "tests/testing/make_table.h"

namespace emb {

// Managers over a store in memory.
class ManagerFixture : public testing::Test {
 protected:
  explicit ManagerFixture(const Limits& limits = {},
                          const Retention& retention = {},
                          SwapPolicy swap = SwapPolicy::kLoadFirst)
      : manager_({store_, registry_, committer_, claims_, budget_, reclaimer_,
                  limits, retention, swap, [this] { return now_; }}),
        versions_({store_, registry_, committer_, claims_, budget_, reclaimer_,
                   retention, swap, [this] { return now_; }}) {}

  static TableSpec ImportSpec(const std::string& name, int64_t num_rows = 10) {
    TableSpec spec;
    spec.name = name;
    spec.num_rows = num_rows;
    spec.dim = 4;
    return spec;
  }

  // Imports counting values.
  absl::StatusOr<TablePtr> ImportCounting(const TableSpec& spec,
                                          bool publish = true) {
    ImportRequest request = {spec};
    request.publish = publish;
    auto running = manager_.StartImport(request);
    if (!running.ok()) return running.status();
    const auto values = CountingValues(spec.num_rows, spec.dim);
    if (auto status = (*running)->Append(AsBytes(values)); !status.ok()) {
      return status;
    }
    return (*running)->Finish();
  }

  FakeTableStore store_;
  Registry registry_;
  Committer committer_{store_, registry_};
  NameClaims claims_;
  MemoryBudget budget_{int64_t{1} << 26};
  Reclaimer reclaimer_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  TableManager manager_;
  VersionManager versions_;
};

}  // namespace emb

#endif  // EMB_TESTS_UNIT_SERVER_MANAGER_FIXTURE_H_
