// Small tables for tests of stores.
#ifndef EMB_TESTS_TESTING_TEST_TABLES_H_
#define EMB_TESTS_TESTING_TEST_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/table_store.h"

namespace emb {

// The rows of chunk `number` of a test table: bytes that differ by seed and
// number, `bytes` of them.
std::vector<std::byte> TestRows(uint64_t seed, int64_t number, int64_t bytes);

struct TestTable {
  std::string name = "users";
  int64_t version = 1;
  int64_t num_chunks = 1;
  int64_t chunk_bytes = 64;  // A multiple of 4.
  uint64_t seed = 1;         // Of the rows.
};

// Writes the chunks of `table` into a new generation and returns its record,
// which is not committed.
absl::StatusOr<VersionRecord> WriteTestTable(TableStore& store,
                                             const TestTable& table);

// An edit that adds the record and makes it current.
Edit AddAndPublish(const VersionRecord& record);

// Compares the stored rows with those that WriteTestTable wrote.
// Errors   INTERNAL  the rows differ; names the chunk.
absl::Status CheckTestRows(TableStore& store, const VersionRecord& record,
                           uint64_t seed);

}  // namespace emb

#endif  // EMB_TESTS_TESTING_TEST_TABLES_H_
