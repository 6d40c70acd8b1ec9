// Edits that contradict the manifest, which every store refuses as a whole.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_tables.h"
#include "tests/unit/storage/table_store_contract.h"

namespace emb {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// Edits of a store with "users" v1, the current one, and v2.
struct BadEdit {
  absl::string_view name;
  Edit edit;
  absl::StatusCode code;
  absl::string_view complaint;
};

class TableStoreRefuses : public TableStoreContract {
 protected:
  void SetUp() override {
    TableStoreContract::SetUp();
    EMB_ASSERT_OK(store_->Commit(AddAndPublish(Write({}))));
    EMB_ASSERT_OK(store_->Commit(
        Edit{.add = {Write({.version = 2})}, .publish = {}, .remove = {}}));
  }

  void ExpectRefused(const std::vector<BadEdit>& cases) {
    for (const BadEdit& c : cases) {
      EXPECT_THAT(store_->Commit(c.edit),
                  StatusIs(c.code, HasSubstr(std::string(c.complaint))))
          << c.name;
    }
    EXPECT_EQ(ReadManifest().epoch, 2);
    EXPECT_THAT(ReadManifest().versions, SizeIs(2));
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, TableStoreRefuses,
                         testing::ValuesIn(StoreKinds()), StoreName);

TEST_P(TableStoreRefuses, VersionsThatAreNotWhole) {
  const VersionRecord again = Write({});
  VersionRecord incomplete = Write({.version = 3});
  incomplete.spec.num_rows += 1;
  VersionRecord nonsense = Write({.version = 3});
  nonsense.revision = -1;
  VersionRecord unknown = Write({.version = 3});
  unknown.generation += 1'000;
  ExpectRefused({
      {"exists",
       {{again}, {}, {}},
       absl::StatusCode::kAlreadyExists,
       "table \"users\" v1: exists"},
      {"chunk missing",
       {{incomplete}, {}, {}},
       absl::StatusCode::kFailedPrecondition,
       "1 chunks, want 17 rows"},
      {"unknown generation",
       {{unknown}, {}, {}},
       absl::StatusCode::kFailedPrecondition,
       "0 chunks"},
      {"bad record",
       {{nonsense}, {}, {}},
       absl::StatusCode::kInvalidArgument,
       "revision < 0"},
  });
}

TEST_P(TableStoreRefuses, ToPublishOrRemoveWhatIsNotThere) {
  ExpectRefused({
      {"publish unknown version",
       {{}, {{"users", 9}}, {}},
       absl::StatusCode::kNotFound,
       "table \"users\" v9"},
      {"publish unknown table",
       {{}, {{"ghosts", 1}}, {}},
       absl::StatusCode::kNotFound,
       "table \"ghosts\" v1"},
      {"remove unknown",
       {{}, {}, {{"users", 9}}},
       absl::StatusCode::kNotFound,
       "table \"users\" v9"},
      {"remove twice",
       {{}, {}, {{"users", 2}, {"users", 2}}},
       absl::StatusCode::kNotFound,
       "table \"users\" v2"},
  });
}

TEST_P(TableStoreRefuses, ToRemoveTheCurrentVersion) {
  ExpectRefused({
      {"remove current",
       {{}, {}, {{"users", 1}}},
       absl::StatusCode::kFailedPrecondition,
       "v1: is current"},
      {"publish and remove",
       {{}, {{"users", 2}}, {{"users", 2}}},
       absl::StatusCode::kFailedPrecondition,
       "v2: is current"},
  });
}

}  // namespace
}  // namespace emb
