// What every stored value has in common: its first bytes and its checksum.
// docs/format.md, section "Every value".
#ifndef EMB_STORAGE_SEALED_VALUE_H_
#define EMB_STORAGE_SEALED_VALUE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/byte_codec.h"

namespace emb {

struct RecordKind {
  char letter;
  absl::string_view name;  // For messages.
};
inline constexpr RecordKind kChunkKind = {'K', "chunk"};
inline constexpr RecordKind kPatchKind = {'P', "row patch"};
inline constexpr RecordKind kRequestKind = {'R', "request record"};
inline constexpr RecordKind kVersionKind = {'V', "version record"};
inline constexpr RecordKind kCurrentKind = {'T', "current record"};
inline constexpr RecordKind kCommitKind = {'C', "commit record"};
inline constexpr RecordKind kFormatKind = {'F', "format record"};

// Bytes of the checksum that ends every value.
inline constexpr size_t kChecksumBytes = 8;

// Begins a value: "EMB", kind, format version.
ByteWriter StartRecord(const RecordKind& kind);

// Ends a value with the XXH3-64 of all that it holds so far.
std::string Seal(std::string value);
std::string Seal(ByteWriter&& writer);

// Checks beginning and checksum, and returns what lies between them.
// Errors   DATA_LOSS            damaged.
//          FAILED_PRECONDITION  sound, but of a newer format version.
absl::StatusOr<absl::string_view> Unseal(const RecordKind& kind,
                                         absl::string_view value);

// DATA_LOSS: "version record: what".
absl::Status Damaged(const RecordKind& kind, absl::string_view what);

// DATA_LOSS unless every byte was read, and none past the end.
absl::Status CheckEnd(const RecordKind& kind, const ByteReader& reader);

}  // namespace emb

#endif  // EMB_STORAGE_SEALED_VALUE_H_
