// The manifest as a value: how an edit changes it, how it is read back.
#ifndef EMB_STORAGE_MANIFEST_H_
#define EMB_STORAGE_MANIFEST_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/record_format.h"
#include "storage/table_store.h"

namespace emb {

// The manifest after `edit`, one epoch later; what every store's Commit does.
// Tables left without a version are no longer current.
//
// Errors   ALREADY_EXISTS       adds a version that exists.
//          NOT_FOUND            replaces, publishes or removes one that does
//                               not.
//          FAILED_PRECONDITION  adds, or moves a version to, a generation that
//                               is in use, or removes a version that stays
//                               current.
absl::StatusOr<Manifest> ApplyEdit(Manifest manifest, const Edit& edit);

// The record, or nullptr.
const VersionRecord* FindVersion(const Manifest& manifest,
                                 const VersionKey& key);

// The current version of a table, or nullptr.
const VersionKey* FindCurrentVersion(const Manifest& manifest,
                                     const std::string& table);

// The records of `edit` whose rows lie in generations that are new to the
// manifest: those that it adds, and those that it moves.
std::vector<VersionRecord> NewlyPlaced(const Edit& edit,
                                       const Manifest& manifest);

// FAILED_PRECONDITION unless a record names the generation.
absl::Status CheckInUse(const Manifest& manifest, Generation generation);

void SortByNumber(std::vector<AppliedRequest>& requests);

// The generations that the manifest's records name.
std::set<Generation> GenerationsOf(const Manifest& manifest);

// Whether `num_chunks` chunks are what `record` wants of its generation.
// Errors   FAILED_PRECONDITION  names both numbers.
absl::Status CheckComplete(const VersionRecord& record, int64_t num_chunks);

// Encodes a record that DecodeVersionRecord will take back. A store must
// never write one that it cannot open again.
// Errors   INVALID_ARGUMENT  says what is wrong with the record.
absl::StatusOr<std::string> EncodeReadableRecord(const VersionRecord& record);

// INVALID_ARGUMENT unless 0 <= first <= last.
absl::Status CheckChunkRange(Generation generation, int64_t first,
                             int64_t last);

// DATA_LOSS naming the chunk.
absl::Status MissingChunk(Generation generation, int64_t number);

// Puts a manifest together from its stored records.
//
// Threads  One thread.
class ManifestReader {
 public:
  // Takes the next record; keys ascend.
  // Errors   DATA_LOSS, FAILED_PRECONDITION  as the decoders.
  absl::Status Add(absl::string_view key, absl::string_view value);

  // Call once, after the last record.
  // Errors   DATA_LOSS  a record is missing, or two contradict each other.
  absl::StatusOr<Manifest> Finish();

  // The numbers of the commit record. Valid after Finish.
  const CommitRecord& commit() const { return commit_; }

 private:
  absl::Status AddVersion(absl::string_view key, absl::string_view value);

  bool has_format_ = false;
  bool has_commit_ = false;
  CommitRecord commit_;
  Manifest manifest_;
};

}  // namespace emb

#endif  // EMB_STORAGE_MANIFEST_H_
