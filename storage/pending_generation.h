// A generation between NewGeneration and Commit. Private to storage/.
#ifndef EMB_STORAGE_PENDING_GENERATION_H_
#define EMB_STORAGE_PENDING_GENERATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/rocks_engine.h"
#include "storage/table_store.h"

namespace emb {

// PendingGeneration keeps its chunks in memory while they are few, so that
// they can ride in the commit's own write: one fsync for a small table
// instead of three. Once beyond 1 MiB they go to files.
//
// Threads  One thread.
class PendingGeneration {
 public:
  struct Options {
    Generation id = 0;
    std::string directory;       // For files, of this generation and others.
    int64_t file_bytes_max = 0;  // A file is closed once it is this large.
  };
  // REQUIRES: `engine` outlives this.
  PendingGeneration(Options options, RocksEngine& engine);
  // Removes the files that were not ingested.
  ~PendingGeneration();

  PendingGeneration(const PendingGeneration&) = delete;
  PendingGeneration& operator=(const PendingGeneration&) = delete;

  Generation id() const { return options_.id; }
  int64_t num_chunks() const { return num_chunks_; }
  // The chunks in memory: all of them, or none.
  const std::vector<std::string>& buffered() const { return buffered_; }
  int64_t buffered_bytes() const { return buffered_bytes_; }

  // As TableStore::WriteChunk. After an error of a file every call fails.
  absl::Status Append(int64_t number, absl::Span<const std::byte> rows);

  // Moves what is buffered to a file.
  absl::Status Spill();

  // Hands the files, if there are any, to the engine: durable afterwards,
  // invisible as long as no record names the generation. Safe to repeat.
  absl::Status Ingest();

 private:
  absl::Status AppendToFile(int64_t number, const std::string& chunk);
  absl::Status FinishFile();

  const Options options_;
  RocksEngine& engine_;
  int64_t num_chunks_ = 0;
  uint64_t last_checksum_ = 0;  // Of the chunk before num_chunks_.
  std::vector<std::string> buffered_;
  int64_t buffered_bytes_ = 0;
  bool spilled_ = false;             // Chunks go to files from now on.
  bool ingested_ = false;            // No chunk may follow.
  std::unique_ptr<ChunkFile> file_;  // The last of paths_, while it is open.
  int64_t file_bytes_ = 0;
  std::vector<std::string> paths_;
  absl::Status broken_;  // The first error of a file.
};

}  // namespace emb

#endif  // EMB_STORAGE_PENDING_GENERATION_H_
