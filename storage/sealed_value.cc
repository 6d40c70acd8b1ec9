#include "storage/sealed_value.h"

#include <xxhash.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/record_format.h"

namespace emb {
namespace {

// These places are the same in every format version.
constexpr absl::string_view kMagic = "EMB";
constexpr size_t kPrefixBytes = 5;

}  // namespace

ByteWriter StartRecord(const RecordKind& kind) {
  ByteWriter writer;
  writer.PutBytes(kMagic);
  writer.PutU8(static_cast<uint8_t>(kind.letter));
  writer.PutU8(kFormatVersion);
  return writer;
}

std::string Seal(std::string value) {
  AppendLittleEndian(XXH3_64bits(value.data(), value.size()), value);
  return value;
}

std::string Seal(ByteWriter&& writer) { return Seal(std::move(writer).Take()); }

absl::Status Damaged(const RecordKind& kind, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(kind.name, ": ", what));
}

// Checks what all values have in common and returns the payload.
absl::StatusOr<absl::string_view> Unseal(const RecordKind& kind,
                                         absl::string_view value) {
  if (value.size() < kPrefixBytes + kChecksumBytes) {
    return Damaged(kind, absl::StrCat(value.size(), " bytes, want at least ",
                                      kPrefixBytes + kChecksumBytes));
  }
  if (value.substr(0, 3) != kMagic || value[3] != kind.letter) {
    return Damaged(kind, "the magic bytes of another kind of value");
  }
  const absl::string_view body = value.substr(0, value.size() - kChecksumBytes);
  const uint64_t stored = LoadLittleEndian(value.substr(body.size()));
  const uint64_t computed = XXH3_64bits(body.data(), body.size());
  if (stored != computed) {
    return Damaged(
        kind, absl::StrFormat("checksum %016x, want %016x", computed, stored));
  }
  const auto format = static_cast<uint8_t>(value[4]);
  if (format > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(kind.name, ": format version ", format,
                     ", this build reads versions up to ", kFormatVersion));
  }
  if (format < 1) return Damaged(kind, "format version 0, want 1 or more");
  return body.substr(kPrefixBytes);
}

absl::Status CheckEnd(const RecordKind& kind, const ByteReader& reader) {
  if (!reader.ok()) return Damaged(kind, "ends early");
  if (reader.num_left() == 0) return absl::OkStatus();
  return Damaged(kind, absl::StrCat(reader.num_left(),
                                    " bytes behind the last field, want 0"));
}

}  // namespace emb
