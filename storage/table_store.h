// Where tables are kept for good.
//
// The store knows rows only as chunks of bytes and what a table is only as
// records. RocksTableStore is the embedded one; a distributed one would
// implement the same interface.
#ifndef EMB_STORAGE_TABLE_STORE_H_
#define EMB_STORAGE_TABLE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/version_record.h"

namespace emb {

// A generation is one private range of chunks. Its number is never used
// twice, so writing a table never touches the bytes of another.
using Generation = uint64_t;

// Names one version of one table.
struct VersionKey {
  std::string table;
  int64_t version = 0;
};

// New bytes of rows, in their stored form; of a row that is named twice the
// last counts. Views of what the caller keeps until Commit has returned.
struct RowPatches {
  // Of a version, or still being written (folding).
  Generation generation = 0;
  absl::Span<const int64_t> rows = {};
  // rows.size() times as many as a row has.
  absl::Span<const std::byte> bytes = {};
};

// The answer to a request that changed rows, remembered so that it is not
// done twice.
struct AppliedRequest {
  // 1, 2, 3 ...: the newest kAppliedRequestsKept are remembered.
  uint64_t number = 0;
  std::string id;           // As the caller chose it, 1 to 128 bytes.
  Digest fingerprint = {};  // Of what was asked.
  uint64_t epoch = 0;       // Made by it; given by Commit.
  struct Table {
    int64_t version = 0;
    int64_t revision = 0;
  };
  std::vector<Table> tables = {};  // In the order of the request.
};
inline constexpr uint64_t kAppliedRequestsKept = 16'384;

// Changes that become durable and visible together, or not at all.
struct Edit {
  // Versions to add. Every chunk of their generations has been written.
  std::vector<VersionRecord> add = {};
  // Versions to make current. Each exists or is in `add`.
  std::vector<VersionKey> publish = {};
  // Versions to remove. A table without versions is gone.
  std::vector<VersionKey> remove = {};
  // New records of versions that exist. One with another generation, all of
  // whose chunks have been written, has moved there with its rows.
  std::vector<VersionRecord> replace = {};
  std::vector<RowPatches> patches = {};
  std::vector<AppliedRequest> requests = {};
  // Whether Commit waits for the disk. If not, the edit survives the end of
  // the process, but the end of power only after the next edit that is synced
  // or after Sync. REQUIRES: true if the edit adds or removes anything.
  bool sync = true;
};

// All that the store knows besides rows.
struct Manifest {
  // Commits so far; never goes back, not even over a restart.
  uint64_t epoch = 0;
  // By table name, then version.
  std::vector<VersionRecord> versions;
  // The current version of each table, by name.
  std::vector<VersionKey> current;
};

class StoreMaintenance;

// TableStore keeps chunks and records.
//
// Durability  When Commit returns OK, the edit and every chunk of the
//             generations it adds survive power loss (but see Edit::sync).
//             Before that a chunk
//             is nobody's: a generation that no record names is deleted when
//             the store is opened again.
// Errors      RESOURCE_EXHAUSTED  no space left.
//             DATA_LOSS           stored bytes do not match their checksum.
//             UNAVAILABLE         the store is busy: try again.
//             FAILED_PRECONDITION a write has failed before: read-only until
//                                 it is opened again.
//             INTERNAL            any other failure of the store.
// Threads     Thread-safe. WriteChunk: one thread per generation.
class TableStore {
 public:
  virtual ~TableStore() = default;

  // A generation never used before.
  virtual absl::StatusOr<Generation> NewGeneration() = 0;

  // Stores chunk `number` of a generation; numbers ascend from 0 without
  // gaps. Writing the last one again with the same bytes changes nothing.
  //
  // Errors   INVALID_ARGUMENT     another number; no rows, or more than
  //                               kChunkBytesMax.
  //          FAILED_PRECONDITION  the generation did not come from
  //                               NewGeneration of this store, or is
  //                               committed or deleted.
  virtual absl::Status WriteChunk(Generation generation, int64_t number,
                                  absl::Span<const std::byte> rows) = 0;

  // Makes the edit durable, then visible, in one atomic step, and returns
  // the epoch it made. On error nothing has changed. If the disk failed, it
  // is known only after the next opening whether the edit survived; until
  // then the store refuses every change.
  //
  // Errors   ALREADY_EXISTS       adds a version that exists.
  //          NOT_FOUND            replaces, publishes or removes one that
  //                               does not.
  //          FAILED_PRECONDITION  adds, or moves to, an incomplete generation
  //                               or one in use, patches one that is unknown,
  //                               or removes a version that would stay current
  //                               beside others.
  //          INVALID_ARGUMENT     a record that could not be read again.
  virtual absl::StatusOr<uint64_t> Commit(const Edit& edit) = 0;

  // Makes durable what edits without sync did.
  virtual absl::Status Sync() = 0;

  virtual absl::StatusOr<Manifest> ReadManifest() = 0;

  // The requests that are remembered, by ascending number.
  virtual absl::StatusOr<std::vector<AppliedRequest>> ReadRequests() = 0;

  // Hands over chunks [first, last) in order, each checked against its
  // checksum, generation and number. Stops at the first error of `visit`.
  //
  // Errors   DATA_LOSS  a chunk is missing or damaged; names it.
  using ChunkVisitor = absl::FunctionRef<absl::Status(
      int64_t number, absl::Span<const std::byte> rows)>;
  virtual absl::Status ScanChunks(Generation generation, int64_t first,
                                  int64_t last, ChunkVisitor visit) = 0;

  // Hands over the patches of a generation by ascending row, the newest of each
  // row, checked as chunks are.
  //
  // Errors   DATA_LOSS  a patch is damaged; names it.
  using PatchVisitor = absl::FunctionRef<absl::Status(
      int64_t row, absl::Span<const std::byte> bytes)>;
  virtual absl::Status ScanPatches(Generation generation,
                                   PatchVisitor visit) = 0;

  // Deletes chunks and patches of a generation that no record names (any more).
  // Safe to repeat, and done for every such generation when a store opens.
  //
  // Errors   FAILED_PRECONDITION  a record names it.
  virtual absl::Status DeleteGeneration(Generation generation) = 0;

  // Makes everything durable and releases the store; a later call of
  // another method fails. Idempotent.
  virtual absl::Status Close() = 0;

  // Backup, restore and verification; null: this store has none of them. Lives
  // as long as the store.
  virtual StoreMaintenance* maintenance() { return nullptr; }
};

}  // namespace emb

#endif  // EMB_STORAGE_TABLE_STORE_H_
