#include "storage/manifest.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

namespace emb {
namespace {

std::string Describe(const VersionKey& key) {
  return absl::StrCat("table \"", key.table, "\" v", key.version);
}

VersionKey KeyOf(const VersionRecord& record) {
  return {.table = record.spec.name, .version = record.version};
}

// Where `key` is, or would be inserted.
template <typename Versions>
auto LowerBound(Versions& versions, const VersionKey& key) {
  return std::lower_bound(
      versions.begin(), versions.end(), key,
      [](const VersionRecord& record, const VersionKey& wanted) {
        return std::tie(record.spec.name, record.version) <
               std::tie(wanted.table, wanted.version);
      });
}

template <typename Current>
auto FindCurrent(Current& current, const std::string& table) {
  return std::lower_bound(current.begin(), current.end(), table,
                          [](const VersionKey& key, const std::string& wanted) {
                            return key.table < wanted;
                          });
}

absl::Status AddVersions(const Edit& edit, Manifest& manifest) {
  if (edit.add.empty()) return absl::OkStatus();
  std::set<Generation> used = GenerationsOf(manifest);
  for (const VersionRecord& record : edit.add) {
    const VersionKey key = KeyOf(record);
    if (FindVersion(manifest, key) != nullptr) {
      return absl::AlreadyExistsError(
          absl::StrCat(Describe(key), ": exists, want a new version"));
    }
    if (!used.insert(record.generation).second) {
      return absl::FailedPreconditionError(
          absl::StrCat(Describe(key), ": generation ", record.generation,
                       " is in use, want a new one"));
    }
    manifest.versions.insert(LowerBound(manifest.versions, key), record);
  }
  return absl::OkStatus();
}

// A version may move to a generation of its own.
absl::Status CheckMove(const VersionRecord& record, const Manifest& manifest) {
  for (const VersionRecord& other : manifest.versions) {
    if (other.generation == record.generation) {
      return absl::FailedPreconditionError(absl::StrCat(
          Describe(KeyOf(record)), ": generation ", record.generation,
          " is that of ", Describe(KeyOf(other)), ", want a new one"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReplaceVersions(const Edit& edit, Manifest& manifest) {
  for (const VersionRecord& record : edit.replace) {
    const VersionKey key = KeyOf(record);
    const VersionRecord* const old_record = FindVersion(manifest, key);
    if (old_record == nullptr) {
      return absl::NotFoundError(
          absl::StrCat(Describe(key), ": does not exist"));
    }
    if (old_record->generation != record.generation) {
      EMB_RETURN_IF_ERROR(CheckMove(record, manifest));
    }
    *LowerBound(manifest.versions, key) = record;
  }
  return absl::OkStatus();
}

absl::Status PublishVersions(const Edit& edit, Manifest& manifest) {
  for (const VersionKey& key : edit.publish) {
    if (FindVersion(manifest, key) == nullptr) {
      return absl::NotFoundError(
          absl::StrCat(Describe(key), ": does not exist"));
    }
    const auto place = FindCurrent(manifest.current, key.table);
    if (place != manifest.current.end() && place->table == key.table) {
      *place = key;
    } else {
      manifest.current.insert(place, key);
    }
  }
  return absl::OkStatus();
}

absl::Status RemoveVersions(const Edit& edit, Manifest& manifest) {
  for (const VersionKey& key : edit.remove) {
    if (FindVersion(manifest, key) == nullptr) {
      return absl::NotFoundError(
          absl::StrCat(Describe(key), ": does not exist"));
    }
    manifest.versions.erase(LowerBound(manifest.versions, key));
  }
  // Only now: removing all versions removes the table, in whatever order.
  for (const VersionKey& key : edit.remove) {
    const auto current = FindCurrent(manifest.current, key.table);
    if (current == manifest.current.end() || current->table != key.table ||
        current->version != key.version) {
      continue;
    }
    const auto other =
        LowerBound(manifest.versions, {.table = key.table, .version = 0});
    if (other != manifest.versions.end() && other->spec.name == key.table) {
      return absl::FailedPreconditionError(absl::StrCat(
          Describe(key), ": is current, want another published first"));
    }
    manifest.current.erase(current);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Manifest> ApplyEdit(Manifest manifest, const Edit& edit) {
  EMB_RETURN_IF_ERROR(AddVersions(edit, manifest));
  EMB_RETURN_IF_ERROR(ReplaceVersions(edit, manifest));
  EMB_RETURN_IF_ERROR(PublishVersions(edit, manifest));
  EMB_RETURN_IF_ERROR(RemoveVersions(edit, manifest));
  ++manifest.epoch;
  return manifest;
}

const VersionRecord* FindVersion(const Manifest& manifest,
                                 const VersionKey& key) {
  const auto place = LowerBound(manifest.versions, key);
  if (place == manifest.versions.end() || place->spec.name != key.table ||
      place->version != key.version) {
    return nullptr;
  }
  return &*place;
}

const VersionKey* FindCurrentVersion(const Manifest& manifest,
                                     const std::string& table) {
  const auto place = FindCurrent(manifest.current, table);
  if (place == manifest.current.end() || place->table != table) return nullptr;
  return &*place;
}

std::vector<VersionRecord> NewlyPlaced(const Edit& edit,
                                       const Manifest& manifest) {
  std::vector<VersionRecord> placed = edit.add;
  for (const VersionRecord& record : edit.replace) {
    const VersionRecord* const before = FindVersion(manifest, KeyOf(record));
    if (before != nullptr && before->generation != record.generation) {
      placed.push_back(record);
    }
  }
  return placed;
}

absl::Status CheckInUse(const Manifest& manifest, Generation generation) {
  for (const VersionRecord& record : manifest.versions) {
    if (record.generation == generation) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "generation ", generation, ": no version has it, nothing to patch"));
}

void SortByNumber(std::vector<AppliedRequest>& requests) {
  std::sort(requests.begin(), requests.end(),
            [](const AppliedRequest& a, const AppliedRequest& b) {
              return a.number < b.number;
            });
}

std::set<Generation> GenerationsOf(const Manifest& manifest) {
  std::set<Generation> generations;
  for (const VersionRecord& record : manifest.versions) {
    generations.insert(record.generation);
  }
  return generations;
}

absl::Status CheckComplete(const VersionRecord& record, int64_t num_chunks) {
  if (record.chunk_rows >= 1 && num_chunks == record.num_chunks()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(Describe(KeyOf(record)), ": generation ", record.generation,
                   " has ", num_chunks, " chunks, want ", record.spec.num_rows,
                   " rows in chunks of ", record.chunk_rows));
}

absl::StatusOr<std::string> EncodeReadableRecord(const VersionRecord& record) {
  std::string value = EncodeVersionRecord(record);
  const auto decoded = DecodeVersionRecord(value);
  if (decoded.ok()) return value;
  return absl::InvalidArgumentError(
      absl::StrCat(Describe(KeyOf(record)), ": ", decoded.status().message()));
}

absl::Status CheckChunkRange(Generation generation, int64_t first,
                             int64_t last) {
  if (0 <= first && first <= last) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("generation ", generation, ": chunks [", first, ", ", last,
                   "), want 0 <= first <= last"));
}

absl::Status MissingChunk(Generation generation, int64_t number) {
  return absl::DataLossError(
      absl::StrCat("generation ", generation, " chunk ", number, ": missing"));
}

absl::Status ManifestReader::Add(absl::string_view key,
                                 absl::string_view value) {
  if (key == kFormatRecordKey) {
    has_format_ = true;
    return CheckFormatRecord(value);
  }
  if (key == kCommitRecordKey) {
    has_commit_ = true;
    EMB_ASSIGN_OR_RETURN(commit_, DecodeCommitRecord(value));
    return absl::OkStatus();
  }
  // Not part of the manifest: TableStore::ReadRequests.
  if (IsRequestRecordKey(key)) return absl::OkStatus();
  if (const auto table = TableOfCurrentRecordKey(key)) {
    EMB_ASSIGN_OR_RETURN(const int64_t version, DecodeCurrentRecord(value));
    manifest_.current.push_back(
        {.table = std::string(*table), .version = version});
    return absl::OkStatus();
  }
  return AddVersion(key, value);
}

absl::Status ManifestReader::AddVersion(absl::string_view key,
                                        absl::string_view value) {
  EMB_ASSIGN_OR_RETURN(VersionRecord record, DecodeVersionRecord(value));
  if (key != VersionRecordKey(record.spec.name, record.version)) {
    return absl::DataLossError(absl::StrCat(
        Describe(KeyOf(record)), ": its record lies under another key"));
  }
  manifest_.versions.push_back(std::move(record));
  return absl::OkStatus();
}

absl::StatusOr<Manifest> ManifestReader::Finish() {
  if (!has_format_ || !has_commit_) {
    return absl::DataLossError(
        "the store's format or commit record is missing");
  }
  for (const VersionKey& key : manifest_.current) {
    if (FindVersion(manifest_, key) == nullptr) {
      return absl::DataLossError(absl::StrCat(
          Describe(key), ": is current, but its record is missing"));
    }
  }
  const std::set<Generation> generations = GenerationsOf(manifest_);
  if (generations.size() != manifest_.versions.size()) {
    return absl::DataLossError("two versions name one generation");
  }
  if (!generations.empty() &&
      *generations.rbegin() >= commit_.next_generation) {
    return absl::DataLossError(
        absl::StrCat("generation ", *generations.rbegin(), ", want below ",
                     commit_.next_generation, " of the commit record"));
  }
  manifest_.epoch = commit_.epoch;
  return std::move(manifest_);
}

}  // namespace emb
