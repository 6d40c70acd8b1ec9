#include "tests/testing/test_tables.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

namespace emb {

std::vector<std::byte> TestRows(uint64_t seed, int64_t number, int64_t bytes) {
  std::mt19937_64 random(seed * 1'000'003 + static_cast<uint64_t>(number));
  std::vector<std::byte> rows(static_cast<size_t>(bytes));
  for (std::byte& byte : rows) byte = static_cast<std::byte>(random() & 0xff);
  return rows;
}

absl::StatusOr<VersionRecord> WriteTestTable(TableStore& store,
                                             const TestTable& table) {
  VersionRecord record;
  // Rows of one float32, as many as fill the chunks.
  record.spec.name = table.name;
  record.spec.dim = 1;
  record.spec.num_rows = table.num_chunks * table.chunk_bytes / 4;
  record.version = table.version;
  record.chunk_rows = table.chunk_bytes / 4;
  record.created_at = absl::FromUnixSeconds(1'700'000'000);
  EMB_ASSIGN_OR_RETURN(record.generation, store.NewGeneration());
  for (int64_t i = 0; i < table.num_chunks; ++i) {
    EMB_RETURN_IF_ERROR(store.WriteChunk(
        record.generation, i, TestRows(table.seed, i, table.chunk_bytes)));
  }
  return record;
}

Edit AddAndPublish(const VersionRecord& record) {
  Edit edit;
  edit.add.push_back(record);
  edit.publish.push_back(
      {.table = record.spec.name, .version = record.version});
  return edit;
}

absl::Status CheckTestRows(TableStore& store, const VersionRecord& record,
                           uint64_t seed) {
  const int64_t bytes = record.chunk_rows * record.spec.row_bytes();
  return store.ScanChunks(
      record.generation, 0, record.num_chunks(),
      [&](int64_t number, absl::Span<const std::byte> rows) {
        if (rows == absl::MakeConstSpan(TestRows(seed, number, bytes))) {
          return absl::OkStatus();
        }
        return absl::InternalError(
            absl::StrCat("chunk ", number, ": other rows than written"));
      });
}

}  // namespace emb
