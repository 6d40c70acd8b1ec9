// The bytes of every stored record and chunk. docs/format.md is the
// definition; this file is its only implementation.
//
// Every decoder checks magic, format version, length and checksum before it
// believes a field, and validates what it read.
#ifndef EMB_STORAGE_RECORD_FORMAT_H_
#define EMB_STORAGE_RECORD_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/table_store.h"
#include "storage/version_record.h"

namespace emb {

// The newest format this build writes, and the only one so far.
inline constexpr uint8_t kFormatVersion = 1;

// Where a chunk belongs; bound to its rows by a checksum, so that a chunk
// moved to another place is noticed.
struct ChunkHeader {
  Generation generation = 0;
  int64_t number = 0;
};

// Encodes a chunk: header, rows, checksum (XXH3-64 of both).
std::string EncodeChunk(const ChunkHeader& header,
                        absl::Span<const std::byte> rows);

// Returns the rows inside `value`, which must outlive them.
// Errors   DATA_LOSS            too short, wrong magic, checksum or place;
//                               names the chunk.
//          FAILED_PRECONDITION  written by a newer format; says which.
absl::StatusOr<absl::Span<const std::byte>> DecodeChunk(
    const ChunkHeader& want, absl::string_view value);

// The checksum at the end of a value that was encoded here.
uint64_t ChecksumOf(absl::string_view value);

// What every store asks of a chunk before it is written: that it is the next
// one, or the last one again, and neither empty nor above kChunkBytesMax.
// Errors   INVALID_ARGUMENT  says what was given and what is wanted.
absl::Status CheckChunk(Generation generation, int64_t num_chunks,
                        int64_t number, size_t rows_bytes);

// Records of the manifest. Decoders return DATA_LOSS for damage and
// FAILED_PRECONDITION for a newer format, as DecodeChunk does.
std::string EncodeVersionRecord(const VersionRecord& record);
absl::StatusOr<VersionRecord> DecodeVersionRecord(absl::string_view value);

// The current version of a table.
std::string EncodeCurrentRecord(int64_t version);
absl::StatusOr<int64_t> DecodeCurrentRecord(absl::string_view value);

// Counters of the whole store.
struct CommitRecord {
  uint64_t epoch = 0;
  Generation next_generation = 1;
};
std::string EncodeCommitRecord(const CommitRecord& record);
absl::StatusOr<CommitRecord> DecodeCommitRecord(absl::string_view value);

// One row's newer bytes. Bound to its place as a chunk is.
struct PatchHeader {
  Generation generation = 0;
  int64_t row = 0;
};
std::string EncodePatch(const PatchHeader& header,
                        absl::Span<const std::byte> bytes);
// Errors   As DecodeChunk; names the patch.
absl::StatusOr<absl::Span<const std::byte>> DecodePatch(
    const PatchHeader& want, absl::string_view value);

// A request that is remembered.
std::string EncodeRequestRecord(const AppliedRequest& request);
absl::StatusOr<AppliedRequest> DecodeRequestRecord(absl::string_view value);

// Says which format the store as a whole is written in.
std::string EncodeFormatRecord();
absl::Status CheckFormatRecord(absl::string_view value);

// Keys. All numbers are big-endian, so that byte order is number order.
std::string ChunkKey(Generation generation, int64_t number);
// nullopt: no key of a chunk.
std::optional<Generation> GenerationOfChunkKey(absl::string_view key);
// Keys of patches are those of chunks, with a row in place of the number.
inline std::string PatchKey(Generation generation, int64_t row) {
  return ChunkKey(generation, row);
}
// The second number of such a key. REQUIRES: key.size() == 16.
int64_t NumberOfChunkKey(absl::string_view key);
// A place that is used again by the request kAppliedRequestsKept later.
std::string RequestRecordKey(uint64_t number);
bool IsRequestRecordKey(absl::string_view key);
std::string VersionRecordKey(absl::string_view table, int64_t version);
std::string CurrentRecordKey(absl::string_view table);
// The name in a key that CurrentRecordKey made; nullopt for any other key.
std::optional<absl::string_view> TableOfCurrentRecordKey(absl::string_view key);
// The two sort before all records, the format before everything, so that a
// reader meets a newer format before anything it would not understand.
inline constexpr absl::string_view kFormatRecordKey = "0format";
inline constexpr absl::string_view kCommitRecordKey = "1commit";

}  // namespace emb

#endif  // EMB_STORAGE_RECORD_FORMAT_H_
