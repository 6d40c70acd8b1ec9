// Any bytes as a stored value, or as a whole manifest: taken apart, and what
// was taken written again and compared.
//
//   ./dev test --fuzz
//
// The first byte says how the rest is read: 0, as it is; 1, with the checksum
// that it should have, behind which a decoder looks at every field; 2, as the
// records of a manifest, each a key and a value without its checksum.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "storage/byte_codec.h"
#include "storage/manifest.h"
#include "storage/record_format.h"
#include "storage/sealed_value.h"

namespace emb {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

// As rows of the place that they say they are of.
void CheckRows(absl::string_view value) {
  constexpr size_t kPlaceOffset = 8;
  if (value.size() < kPlaceOffset) return;
  ByteReader place(value.substr(kPlaceOffset));
  const Generation generation = place.GetU64();
  const int64_t number = place.GetI64();
  if (const auto rows = DecodeChunk({generation, number}, value); rows.ok()) {
    Check(EncodeChunk({generation, number}, *rows) == value);
  }
  if (const auto rows = DecodePatch({generation, number}, value); rows.ok()) {
    Check(EncodePatch({generation, number}, *rows) == value);
  }
}

// Arguments may stand in any order; after that there is one way to write it.
void CheckVersion(absl::string_view value) {
  const auto record = DecodeVersionRecord(value);
  if (!record.ok()) return;
  const auto again = EncodeReadableRecord(*record);
  Check(again.ok());
  const auto decoded = DecodeVersionRecord(*again);
  Check(decoded.ok() && EncodeVersionRecord(*decoded) == *again);
  // What a loader computes with.
  Check(record->num_chunks() >= 1);
  Check(record->chunk_begin(record->num_chunks() - 1) < record->spec.num_rows);
  Check(record->chunk_end(record->num_chunks() - 1) == record->spec.num_rows);
  Check(record->spec.data_bytes() > 0);
}

void CheckValue(absl::string_view value) {
  CheckRows(value);
  CheckVersion(value);
  if (const auto version = DecodeCurrentRecord(value); version.ok()) {
    Check(EncodeCurrentRecord(*version) == value);
  }
  if (const auto commit = DecodeCommitRecord(value); commit.ok()) {
    Check(EncodeCommitRecord(*commit) == value);
  }
  if (const auto request = DecodeRequestRecord(value); request.ok()) {
    Check(EncodeRequestRecord(*request) == value);
  }
  if (CheckFormatRecord(value).ok()) Check(EncodeFormatRecord() == value);
}

void CheckManifest(absl::string_view bytes) {
  ManifestReader records;
  ByteReader reader(bytes);
  while (reader.num_left() > 0) {
    const absl::string_view key = reader.GetText();
    const absl::string_view value = reader.GetText();
    if (!reader.ok()) return;
    if (!records.Add(key, Seal(std::string(value))).ok()) return;
  }
  const auto manifest = records.Finish();
  if (!manifest.ok()) return;
  for (const VersionKey& key : manifest->current) {
    Check(FindVersion(*manifest, key) != nullptr);
  }
  for (const VersionRecord& record : manifest->versions) {
    Check(record.generation < records.commit().next_generation);
    Check(FindVersion(*manifest, {record.spec.name, record.version}) ==
          &record);
  }
}

void Run(absl::string_view bytes) {
  if (bytes.empty()) return;
  const absl::string_view rest = bytes.substr(1);
  switch (bytes[0]) {
    case 0:
      return CheckValue(rest);
    case 1:
      return CheckValue(Seal(std::string(rest)));
    case 2:
      return CheckManifest(rest);
    default:
      return;
  }
}

}  // namespace
}  // namespace emb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  emb::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
