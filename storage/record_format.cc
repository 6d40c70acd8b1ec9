#include "storage/record_format.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/byte_codec.h"
#include "storage/sealed_value.h"

namespace emb {
namespace {

// A chunk's prefix is filled up with zeros, so that its rows start at a
// multiple of 8.
constexpr absl::string_view kChunkFill("\0\0\0", 3);
constexpr size_t kChunkHeaderBytes = 32;

void AppendBigEndian(uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

}  // namespace

std::string EncodeChunk(const ChunkHeader& header,
                        absl::Span<const std::byte> rows) {
  ByteWriter writer = StartRecord(kChunkKind);
  writer.PutBytes(kChunkFill);
  writer.PutU64(header.generation);
  writer.PutI64(header.number);
  writer.PutU64(rows.size());
  std::string value = std::move(writer).Take();
  value.reserve(kChunkHeaderBytes + rows.size() + kChecksumBytes);
  value.append(reinterpret_cast<const char*>(rows.data()), rows.size());
  return Seal(std::move(value));
}

absl::StatusOr<absl::Span<const std::byte>> DecodeChunk(
    const ChunkHeader& want, absl::string_view value) {
  const std::string place =
      absl::StrCat("generation ", want.generation, " chunk ", want.number);
  const auto payload = Unseal(kChunkKind, value);
  if (!payload.ok()) {
    return absl::Status(payload.status().code(),
                        absl::StrCat(place, ": ", payload.status().message()));
  }
  ByteReader reader(*payload);
  const absl::string_view fill = reader.GetBytes(kChunkFill.size());
  const uint64_t generation = reader.GetU64();
  const int64_t number = reader.GetI64();
  const uint64_t rows_bytes = reader.GetU64();
  if (!reader.ok() || fill != kChunkFill || rows_bytes != reader.num_left()) {
    return absl::DataLossError(absl::StrCat(place, ": malformed header"));
  }
  if (generation != want.generation || number != want.number) {
    return absl::DataLossError(absl::StrCat(place, ": holds generation ",
                                            generation, " chunk ", number));
  }
  const absl::string_view rows = reader.GetBytes(reader.num_left());
  return absl::MakeConstSpan(reinterpret_cast<const std::byte*>(rows.data()),
                             rows.size());
}

uint64_t ChecksumOf(absl::string_view value) {
  return LoadLittleEndian(value.substr(value.size() - kChecksumBytes));
}

absl::Status CheckChunk(Generation generation, int64_t num_chunks,
                        int64_t number, size_t rows_bytes) {
  const bool is_next = number == num_chunks;
  const bool is_last = number >= 0 && number == num_chunks - 1;
  if (!is_next && !is_last) {
    return absl::InvalidArgumentError(
        absl::StrCat("generation ", generation, " chunk ", number,
                     ": want chunk ", num_chunks));
  }
  if (rows_bytes < 1 || rows_bytes > kChunkBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("generation ", generation, " chunk ", number, ": ",
                     rows_bytes, " bytes of rows, want 1 to ", kChunkBytesMax));
  }
  return absl::OkStatus();
}

std::string EncodeCurrentRecord(int64_t version) {
  ByteWriter writer = StartRecord(kCurrentKind);
  writer.PutI64(version);
  return Seal(std::move(writer));
}

absl::StatusOr<int64_t> DecodeCurrentRecord(absl::string_view value) {
  EMB_ASSIGN_OR_RETURN(const absl::string_view payload,
                       Unseal(kCurrentKind, value));
  ByteReader reader(payload);
  const int64_t version = reader.GetI64();
  EMB_RETURN_IF_ERROR(CheckEnd(kCurrentKind, reader));
  if (version < 1) return Damaged(kCurrentKind, "version < 1");
  return version;
}

std::string EncodeCommitRecord(const CommitRecord& record) {
  ByteWriter writer = StartRecord(kCommitKind);
  writer.PutU64(record.epoch);
  writer.PutU64(record.next_generation);
  return Seal(std::move(writer));
}

absl::StatusOr<CommitRecord> DecodeCommitRecord(absl::string_view value) {
  EMB_ASSIGN_OR_RETURN(const absl::string_view payload,
                       Unseal(kCommitKind, value));
  ByteReader reader(payload);
  CommitRecord record;
  record.epoch = reader.GetU64();
  record.next_generation = reader.GetU64();
  EMB_RETURN_IF_ERROR(CheckEnd(kCommitKind, reader));
  if (record.next_generation < 1) return Damaged(kCommitKind, "generation 0");
  return record;
}

std::string EncodeFormatRecord() { return Seal(StartRecord(kFormatKind)); }

absl::Status CheckFormatRecord(absl::string_view value) {
  EMB_ASSIGN_OR_RETURN(const absl::string_view payload,
                       Unseal(kFormatKind, value));
  return CheckEnd(kFormatKind, ByteReader(payload));
}

std::string ChunkKey(Generation generation, int64_t number) {
  std::string key;
  AppendBigEndian(generation, key);
  AppendBigEndian(static_cast<uint64_t>(number), key);
  return key;
}

std::string VersionRecordKey(absl::string_view table, int64_t version) {
  // No name contains the zero byte, so that one table's versions stay
  // together.
  std::string key = absl::StrCat("V", table, absl::string_view("\0", 1));
  AppendBigEndian(static_cast<uint64_t>(version), key);
  return key;
}

std::string CurrentRecordKey(absl::string_view table) {
  return absl::StrCat("T", table);
}

std::optional<Generation> GenerationOfChunkKey(absl::string_view key) {
  if (key.size() != 16) return std::nullopt;
  Generation generation = 0;
  for (const char byte : key.substr(0, 8)) {
    generation = (generation << 8) | static_cast<uint8_t>(byte);
  }
  return generation;
}

std::optional<absl::string_view> TableOfCurrentRecordKey(
    absl::string_view key) {
  if (key.size() < 2 || key[0] != 'T') return std::nullopt;
  return key.substr(1);
}

}  // namespace emb
