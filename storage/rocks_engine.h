// What the embedded store needs of RocksDB, and the options it runs with.
// Private to storage/: only rocks_engine.cc and rocks_backup.cc know RocksDB.
#ifndef EMB_STORAGE_ROCKS_ENGINE_H_
#define EMB_STORAGE_ROCKS_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/table_store.h"

namespace rocksdb {
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace emb {

// The same outcome as an absl::Status, "context: RocksDB's text". The only
// place where the two meet.
absl::Status FromRocksStatus(const rocksdb::Status& status,
                             absl::string_view context);

// Where databases opened from now on keep their files; null: Env::Default().
// Not thread-safe.
void SetEngineEnvForTesting(rocksdb::Env* env);

// A sorted file that is handed to the database as it is.
//
// Threads  One thread.
class ChunkFile {
 public:
  virtual ~ChunkFile() = default;

  // REQUIRES: keys ascend.
  virtual absl::Status Append(absl::string_view key,
                              absl::string_view value) = 0;
  // Makes the file durable. Call once; REQUIRES: something was appended.
  virtual absl::Status Finish() = 0;
};

// Writes that take effect together. Values that are absent delete their key.
struct EngineBatch {
  std::vector<std::pair<std::string, std::optional<std::string>>> records;
  // Views of what the caller keeps until the batch is written.
  std::vector<std::pair<std::string, absl::string_view>> chunks;
  std::vector<std::pair<std::string, std::string>> patches;
  bool sync = true;
};

// RocksEngine is one RocksDB with the column families of docs/format.md.
//
// Errors   As FromRocksStatus says, unless noted.
// Threads  Thread-safe.
class RocksEngine {
 public:
  virtual ~RocksEngine() = default;

  // Makes an empty database in `path`, which must not exist.
  static absl::StatusOr<std::unique_ptr<RocksEngine>> Create(
      const std::string& path);
  // What to do where a log is damaged before its end. A torn end was never
  // acknowledged, and is always forgiven.
  enum class LogDamage { kRefuse, kDropWhatFollows };
  // Errors   DATA_LOSS  there is none in `path`, or it is damaged.
  static absl::StatusOr<std::unique_ptr<RocksEngine>> Open(
      const std::string& path, LogDamage damage = LogDamage::kRefuse);

  using EntryVisitor = absl::FunctionRef<absl::Status(absl::string_view key,
                                                      absl::string_view value)>;

  // Visits the manifest's records by ascending key.
  virtual absl::Status ScanRecords(EntryVisitor visit) = 0;
  // Visits the chunks [first, last) that exist, by ascending key.
  virtual absl::Status ScanChunks(Generation generation, int64_t first,
                                  int64_t last, EntryVisitor visit) = 0;
  // All generations with a chunk or a row patch.
  virtual absl::StatusOr<std::set<Generation>> ListGenerations() = 0;

  // Visits the patches of a generation, by ascending row.
  virtual absl::Status ScanPatches(Generation generation,
                                   EntryVisitor visit) = 0;

  // Durable, together with every batch before, when it returns OK, unless the
  // batch is not to be synced. After an error it may be found done, or not,
  // when the database is opened again.
  virtual absl::Status Write(const EngineBatch& batch) = 0;

  // A new file below the database's own folder for such files.
  virtual absl::StatusOr<std::unique_ptr<ChunkFile>> NewFile(
      const std::string& path) = 0;
  // Takes over finished files, durably. REQUIRES: no other key lies between
  // the smallest and the largest of theirs.
  virtual absl::Status Ingest(const std::vector<std::string>& paths) = 0;

  // Deletes the chunks and row patches of a generation.
  virtual absl::Status DropGeneration(Generation generation) = 0;

  // Writes what is in memory to files, so that the next start is fast.
  virtual absl::Status Flush() = 0;

  // Takes writes again after a full disk has stopped them; what was written in
  // full before is kept, and nothing else comes back later.
  // Errors   RESOURCE_EXHAUSTED  it is still full; UNAVAILABLE  at work on it.
  virtual absl::Status Resume() = 0;

  // For what copies or checks whole files; lives as long as the engine.
  virtual rocksdb::DB& db() = 0;
};

}  // namespace emb

#endif  // EMB_STORAGE_ROCKS_ENGINE_H_
