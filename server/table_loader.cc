#include "server/table_loader.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/rows_digest.h"

namespace emb {
namespace {

// Fewer chunks than this are not worth a thread: 16 MiB.
constexpr int64_t kChunksPerThreadMin = 64;

absl::Status LoadChunks(TableStore& store, const VersionRecord& record,
                        int64_t first, int64_t last,
                        const std::function<bool()>& cancelled,
                        TableBuilder& builder) {
  const int64_t row_bytes = record.spec.row_bytes();
  return store.ScanChunks(
      record.generation, first, last,
      [&](int64_t chunk, absl::Span<const std::byte> rows) -> absl::Status {
        if (cancelled()) return absl::CancelledError("loading was stopped");
        const int64_t begin = record.chunk_begin(chunk);
        const int64_t want = (record.chunk_end(chunk) - begin) * row_bytes;
        if (static_cast<int64_t>(rows.size()) != want) {
          return absl::DataLossError(
              absl::StrCat("chunk ", chunk, ": ", rows.size(),
                           " bytes of rows, want ", want));
        }
        builder.Write(begin * row_bytes, rows);
        return absl::OkStatus();
      });
}

// Disjoint ranges of chunks on several threads; the first error by range.
absl::Status LoadAllChunks(TableStore& store, const VersionRecord& record,
                           const LoadOptions& options, TableBuilder& builder) {
  const int64_t chunks = record.num_chunks();
  const int64_t ranges =
      std::clamp<int64_t>(chunks / kChunksPerThreadMin, 1, options.num_threads);
  std::vector<absl::Status> statuses(static_cast<size_t>(ranges));
  const auto load = [&](int64_t range) {
    statuses[static_cast<size_t>(range)] =
        LoadChunks(store, record, chunks * range / ranges,
                   chunks * (range + 1) / ranges, options.cancelled, builder);
  };
  std::vector<std::thread> threads;
  for (int64_t i = 1; i < ranges; ++i) threads.emplace_back(load, i);
  load(0);
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : statuses) EMB_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

absl::Status CheckDigest(const VersionRecord& record,
                         const TableBuilder& builder) {
  const Digest digest = DigestOfRows(record.spec, builder);
  if (digest == record.digest) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "digest ", DigestToHex(digest), ", want ", DigestToHex(record.digest)));
}

// What became of rows since they were put into chunks.
absl::Status ApplyPatches(TableStore& store, const VersionRecord& record,
                          TableBuilder& builder, int64_t& num_patches) {
  if (record.revision == record.folded_revision) return absl::OkStatus();
  return store.ScanPatches(
      record.generation,
      [&](int64_t row, absl::Span<const std::byte> bytes) -> absl::Status {
        if (row < 0 || row >= record.spec.num_rows ||
            static_cast<int64_t>(bytes.size()) != builder.row_bytes()) {
          return absl::DataLossError(
              absl::StrCat("row ", row, ": a patch of ", bytes.size(),
                           " bytes, want ", builder.row_bytes(),
                           " for a row of [0, ", record.spec.num_rows, ")"));
        }
        builder.Write(row * builder.row_bytes(), bytes);
        ++num_patches;
        return absl::OkStatus();
      });
}

absl::StatusOr<std::unique_ptr<const Table>> LoadTable(
    TableStore& store, const VersionRecord& record, const LoadOptions& options,
    int64_t& num_patches) {
  TableBuilder builder(record.spec.num_rows, record.spec.row_format());
  EMB_RETURN_IF_ERROR(LoadAllChunks(store, record, options, builder));
  EMB_RETURN_IF_ERROR(CheckDigest(record, builder));
  EMB_RETURN_IF_ERROR(ApplyPatches(store, record, builder, num_patches));
  return builder.Build();
}

absl::Status Annotate(const VersionRecord& record, const absl::Status& status) {
  return {status.code(), absl::StrCat("table \"", record.spec.name, "\" v",
                                      record.version, ": ", status.message())};
}

// What is known of a version, with its rows if lookups shall have them.
absl::StatusOr<TablePtr> ServeVersion(TableStore& store,
                                      const VersionRecord& record,
                                      bool in_memory, MemoryBudget& budget,
                                      Reclaimer& reclaimer,
                                      const LoadOptions& options) {
  auto served = std::make_shared<ServedTable>();
  served->record = record;
  if (!in_memory) return served;
  auto rows = LoadVersion(store, record, budget, reclaimer, options);
  if (rows.ok()) {
    served->rows = std::move(rows->rows);
    served->num_patches = rows->num_patches;
  } else if (absl::IsDataLoss(rows.status())) {
    served->state = rows.status();
  } else {
    return rows.status();
  }
  if (options.on_table) options.on_table(*served);
  return served;
}

}  // namespace

absl::StatusOr<LoadedRows> LoadVersion(TableStore& store,
                                       const VersionRecord& record,
                                       MemoryBudget& budget,
                                       Reclaimer& reclaimer,
                                       const LoadOptions& options) {
  const TableSpec& spec = record.spec;
  auto reservation =
      budget.ReserveWithin(options.memory_patience,
                           Table::MemoryBytes(spec.num_rows, spec.row_bytes()));
  if (!reservation.ok()) return Annotate(record, reservation.status());
  LoadedRows loaded;
  auto rows = LoadTable(store, record, options, loaded.num_patches);
  if (!rows.ok()) return Annotate(record, rows.status());
  loaded.rows = reclaimer.Share(*std::move(rows), *std::move(reservation));
  return loaded;
}

absl::StatusOr<std::shared_ptr<const Snapshot>> LoadTables(
    TableStore& store, MemoryBudget& budget, Reclaimer& reclaimer,
    const LoadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const Manifest manifest, store.ReadManifest());
  absl::flat_hash_map<std::string, int64_t> current;
  for (const VersionKey& key : manifest.current) {
    current[key.table] = key.version;
  }
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->epoch = manifest.epoch;
  for (const VersionRecord& record : manifest.versions) {
    const std::string& name = record.spec.name;
    const bool is_current = current[name] == record.version;
    EMB_ASSIGN_OR_RETURN(
        TablePtr served,
        ServeVersion(store, record, is_current || record.pinned, budget,
                     reclaimer, options));
    if (is_current) {
      snapshot->tables[name] = std::move(served);
    } else {
      snapshot->kept[name].push_back(std::move(served));
    }
  }
  return snapshot;
}

}  // namespace emb
