#include "storage/record_format.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/byte_codec.h"
#include "storage/sealed_value.h"

namespace emb {
namespace {

// The prefix of chunks and patches is filled up with zeros, so that rows start
// at a multiple of 8.
constexpr absl::string_view kFill("\0\0\0", 3);
constexpr size_t kHeaderBytes = 32;

void AppendBigEndian(uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

uint64_t LoadBigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes)
    value = (value << 8) | static_cast<uint8_t>(byte);
  return value;
}

// Where rows belong: a chunk by its number, or a patch by its row.
struct Place {
  const RecordKind& kind;
  absl::string_view unit;
  Generation generation;
  int64_t number;
};

std::string EncodeRows(const Place& place, absl::Span<const std::byte> rows) {
  ByteWriter writer = StartRecord(place.kind);
  writer.PutBytes(kFill);
  writer.PutU64(place.generation);
  writer.PutI64(place.number);
  writer.PutU64(rows.size());
  std::string value = std::move(writer).Take();
  value.reserve(kHeaderBytes + rows.size() + kChecksumBytes);
  value.append(reinterpret_cast<const char*>(rows.data()), rows.size());
  return Seal(std::move(value));
}

absl::StatusOr<absl::Span<const std::byte>> DecodeRows(
    const Place& want, absl::string_view value) {
  const auto name = [&](Generation generation, int64_t number) {
    return absl::StrCat("generation ", generation, " ", want.unit, " ", number);
  };
  const std::string place = name(want.generation, want.number);
  const auto payload = Unseal(want.kind, value);
  if (!payload.ok()) {
    return absl::Status(payload.status().code(),
                        absl::StrCat(place, ": ", payload.status().message()));
  }
  ByteReader reader(*payload);
  const absl::string_view fill = reader.GetBytes(kFill.size());
  const uint64_t generation = reader.GetU64();
  const int64_t number = reader.GetI64();
  const uint64_t rows_bytes = reader.GetU64();
  if (!reader.ok() || fill != kFill || rows_bytes != reader.num_left()) {
    return absl::DataLossError(absl::StrCat(place, ": malformed header"));
  }
  if (generation != want.generation || number != want.number) {
    return absl::DataLossError(
        absl::StrCat(place, ": holds ", name(generation, number)));
  }
  const absl::string_view rows = reader.GetBytes(reader.num_left());
  return absl::MakeConstSpan(reinterpret_cast<const std::byte*>(rows.data()),
                             rows.size());
}

Place PlaceOf(const ChunkHeader& header) {
  return {kChunkKind, "chunk", header.generation, header.number};
}

Place PlaceOf(const PatchHeader& header) {
  return {kPatchKind, "row", header.generation, header.row};
}

}  // namespace

std::string EncodeChunk(const ChunkHeader& header,
                        absl::Span<const std::byte> rows) {
  return EncodeRows(PlaceOf(header), rows);
}

absl::StatusOr<absl::Span<const std::byte>> DecodeChunk(
    const ChunkHeader& want, absl::string_view value) {
  return DecodeRows(PlaceOf(want), value);
}

std::string EncodePatch(const PatchHeader& header,
                        absl::Span<const std::byte> bytes) {
  return EncodeRows(PlaceOf(header), bytes);
}

absl::StatusOr<absl::Span<const std::byte>> DecodePatch(
    const PatchHeader& want, absl::string_view value) {
  return DecodeRows(PlaceOf(want), value);
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

std::string EncodeRequestRecord(const AppliedRequest& request) {
  ByteWriter writer = StartRecord(kRequestKind);
  writer.PutU64(request.number);
  writer.PutText(request.id);
  for (const uint8_t byte : request.fingerprint) writer.PutU8(byte);
  writer.PutU64(request.epoch);
  writer.PutU64(request.tables.size());
  for (const AppliedRequest::Table& table : request.tables) {
    writer.PutI64(table.version);
    writer.PutI64(table.revision);
  }
  return Seal(std::move(writer));
}

absl::StatusOr<AppliedRequest> DecodeRequestRecord(absl::string_view value) {
  EMB_ASSIGN_OR_RETURN(const absl::string_view payload,
                       Unseal(kRequestKind, value));
  ByteReader reader(payload);
  AppliedRequest request;
  request.number = reader.GetU64();
  request.id = std::string(reader.GetText());
  for (uint8_t& byte : request.fingerprint) byte = reader.GetU8();
  request.epoch = reader.GetU64();
  const uint64_t num_tables = reader.GetU64();
  for (uint64_t i = 0; i < num_tables && reader.ok(); ++i) {
    const int64_t version = reader.GetI64();
    request.tables.push_back({version, reader.GetI64()});
  }
  EMB_RETURN_IF_ERROR(CheckEnd(kRequestKind, reader));
  if (request.number < 1) return Damaged(kRequestKind, "number 0");
  return request;
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
  return LoadBigEndian(key.substr(0, 8));
}

int64_t NumberOfChunkKey(absl::string_view key) {
  return static_cast<int64_t>(LoadBigEndian(key.substr(8)));
}

// Behind the version records: a build that knows no updates meets those first,
// and refuses the updated ones as a later build's.
std::string RequestRecordKey(uint64_t number) {
  std::string key = "X";
  AppendBigEndian(number % kAppliedRequestsKept, key);
  return key;
}

bool IsRequestRecordKey(absl::string_view key) {
  return !key.empty() && key[0] == 'X';
}

std::optional<absl::string_view> TableOfCurrentRecordKey(
    absl::string_view key) {
  if (key.size() < 2 || key[0] != 'T') return std::nullopt;
  return key.substr(1);
}

}  // namespace emb
