// The stores that the contract's tests run over, and their fixture.
#ifndef EMB_TESTS_UNIT_STORAGE_TABLE_STORE_CONTRACT_H_
#define EMB_TESTS_UNIT_STORAGE_TABLE_STORE_CONTRACT_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_table_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/test_tables.h"
#ifdef EMB_TEST_ROCKS_STORE
#include "storage/rocks_table_store.h"
#endif

namespace emb {

// Opens the same store again and again.
using Opener = std::function<absl::StatusOr<std::unique_ptr<TableStore>>()>;

struct StoreKind {
  std::string name;
  std::function<Opener()> make_opener;
};

inline StoreKind FakeKind() {
  return {"Fake", [] {
            return [disk = std::make_shared<FakeDisk>()]()
                       -> absl::StatusOr<std::unique_ptr<TableStore>> {
              return std::make_unique<FakeTableStore>(disk);
            };
          }};
}

inline std::vector<StoreKind> StoreKinds() {
  std::vector<StoreKind> kinds = {FakeKind()};
#ifdef EMB_TEST_ROCKS_STORE
  kinds.push_back({"Rocks", [] {
                     return [dir = std::make_shared<TempDir>()] {
                       // Small files, so that a table has several.
                       return OpenRocksTableStore(
                           {.data_dir = *dir / "data",
                            .file_bytes_max = int64_t{600} << 10});
                     };
                   }});
#endif
  return kinds;
}

// Keeps addresses out of the test's name.
inline void PrintTo(const StoreKind& kind, std::ostream* out) {
  *out << kind.name;
}

inline std::string StoreName(const testing::TestParamInfo<StoreKind>& store) {
  return store.param.name;
}

class TableStoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    if (store_ != nullptr) {
      EMB_ASSERT_OK(store_->Close());
    }
    store_.reset();
    EMB_ASSERT_OK_AND_ASSIGN(store_, open_());
  }

  VersionRecord Write(const TestTable& table) {
    auto record = WriteTestTable(*store_, table);
    EXPECT_THAT(record, IsOk());
    return record.ok() ? *record : VersionRecord();
  }

  Manifest ReadManifest() {
    auto manifest = store_->ReadManifest();
    EXPECT_THAT(manifest, IsOk());
    return manifest.ok() ? *manifest : Manifest();
  }

  Opener open_ = GetParam().make_opener();
  std::unique_ptr<TableStore> store_;
};

}  // namespace emb

#endif  // EMB_TESTS_UNIT_STORAGE_TABLE_STORE_CONTRACT_H_
