// The version record's bytes.
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "storage/byte_codec.h"
#include "storage/record_format.h"
#include "storage/sealed_value.h"

namespace emb {
namespace {

// Bits of the version record's flags.
constexpr uint8_t kHasPaddingIdx = 1;
constexpr uint8_t kHasMaxNorm = 2;
constexpr uint8_t kHasInitializer = 4;
constexpr uint8_t kKeepsPaddingRow = 8;
constexpr uint8_t kHasQuantizationError = 16;
constexpr uint8_t kIsPinned = 32;
constexpr uint8_t kIsUpdated = 64;
constexpr uint8_t kKnownFlags = 127;

constexpr uint8_t kNumberArg = 0;
constexpr uint8_t kTextArg = 1;

// A checksum that is right, over a choice that this build does not know.
absl::Status OfALaterBuild(absl::string_view what, int choice) {
  return absl::FailedPreconditionError(absl::StrCat(
      kVersionKind.name, ": ", what, " ", choice, " of a later build"));
}

// What core says of a value whose checksum is right: a choice that only a
// later build knows, or nonsense.
absl::Status RefusedByCore(const absl::Status& status) {
  const std::string text =
      absl::StrCat(kVersionKind.name, ": ", status.message());
  return absl::IsUnimplemented(status) ? absl::FailedPreconditionError(text)
                                       : absl::DataLossError(text);
}

void PutInitializer(const Initializer& initializer, ByteWriter& writer) {
  writer.PutText(InitSchemeName(initializer.scheme));
  const InitArgs args = InitializerArgs(initializer);
  writer.PutU8(static_cast<uint8_t>(args.size()));
  for (const auto& [name, value] : args) {
    writer.PutText(name);
    if (const double* number = std::get_if<double>(&value)) {
      writer.PutU8(kNumberArg);
      writer.PutDouble(*number);
    } else {
      writer.PutU8(kTextArg);
      writer.PutText(std::get<std::string>(value));
    }
  }
}

absl::StatusOr<Initializer> GetInitializer(ByteReader& reader) {
  const absl::string_view scheme = reader.GetText();
  const uint8_t num_args = reader.GetU8();
  InitArgs args;
  for (uint8_t i = 0; i < num_args && reader.ok(); ++i) {
    std::string name(reader.GetText());
    const uint8_t type = reader.GetU8();
    if (type == kNumberArg) {
      args.emplace_back(std::move(name), reader.GetDouble());
    } else if (type == kTextArg) {
      args.emplace_back(std::move(name), std::string(reader.GetText()));
    } else {
      return Damaged(kVersionKind,
                     absl::StrCat("argument type ", type, ", want 0 or 1"));
    }
  }
  // An empty scheme means normal to a caller, but is never written.
  if (!reader.ok() || scheme.empty()) {
    return Damaged(kVersionKind, "an initializer without a scheme");
  }
  auto initializer = ParseInitializer(scheme, args);
  if (!initializer.ok()) return RefusedByCore(initializer.status());
  return initializer;
}

uint8_t FlagsOf(const VersionRecord& record) {
  const TableSpec& spec = record.spec;
  return static_cast<uint8_t>(
      (spec.padding_idx ? kHasPaddingIdx : 0) |
      (spec.max_norm ? kHasMaxNorm : 0) |
      (spec.initializer ? kHasInitializer : 0) |
      (spec.keep_padding_row ? kKeepsPaddingRow : 0) |
      (record.quantization_error ? kHasQuantizationError : 0) |
      (record.pinned ? kIsPinned : 0) | (record.revision > 0 ? kIsUpdated : 0));
}

void PutSpec(const TableSpec& spec, uint8_t flags, ByteWriter& writer) {
  writer.PutText(spec.name);
  writer.PutI64(spec.num_rows);
  writer.PutI64(spec.dim);
  writer.PutU8(static_cast<uint8_t>(spec.dtype));
  writer.PutU8(flags);
  if (spec.padding_idx) writer.PutI64(*spec.padding_idx);
  if (spec.max_norm) writer.PutDouble(*spec.max_norm);
  writer.PutDouble(spec.norm_type);
  if (spec.initializer) PutInitializer(*spec.initializer, writer);
  writer.PutU64(spec.seed);
}

absl::StatusOr<TableSpec> GetSpec(ByteReader& reader, uint8_t& flags) {
  TableSpec spec;
  spec.name = std::string(reader.GetText());
  spec.num_rows = reader.GetI64();
  spec.dim = reader.GetI64();
  spec.dtype = static_cast<DType>(reader.GetU8());
  flags = reader.GetU8();
  if ((flags & ~kKnownFlags) != 0) {
    return OfALaterBuild("flags", flags);
  }
  if ((flags & kHasPaddingIdx) != 0) spec.padding_idx = reader.GetI64();
  if ((flags & kHasMaxNorm) != 0) spec.max_norm = reader.GetDouble();
  spec.norm_type = reader.GetDouble();
  if ((flags & kHasInitializer) != 0) {
    EMB_ASSIGN_OR_RETURN(spec.initializer, GetInitializer(reader));
  }
  spec.seed = reader.GetU64();
  spec.keep_padding_row = (flags & kKeepsPaddingRow) != 0;
  return spec;
}

absl::Status CheckSpec(const TableSpec& spec) {
  if (DTypeName(spec.dtype) == "unknown") {
    return OfALaterBuild("dtype", static_cast<int>(spec.dtype));
  }
  const auto valid = MakeTableSpec(spec);
  if (!valid.ok()) return RefusedByCore(valid.status());
  if (valid->padding_idx != spec.padding_idx) {
    return Damaged(kVersionKind, absl::StrCat("padding_idx ", *spec.padding_idx,
                                              ", want 0 or more"));
  }
  return absl::OkStatus();
}

// REQUIRES: record.spec is valid.
absl::Status CheckVersion(const VersionRecord& record) {
  const struct {
    absl::string_view field;
    bool good;
  } checks[] = {
      {"version < 1", record.version >= 1},
      {"generation 0", record.generation >= 1},
      {"chunk_rows < 1", record.chunk_rows >= 1},
      {"a chunk above 64 MiB",
       record.chunk_rows <= kChunkBytesMax / record.spec.row_bytes()},
      {"revision < 0", record.revision >= 0},
      {"folded_revision < 0", record.folded_revision >= 0},
      {"revision < folded_revision", record.revision >= record.folded_revision},
      {"a quantisation error that is no number >= 0",
       !record.quantization_error || (record.quantization_error->max_abs >= 0 &&
                                      record.quantization_error->rms >= 0)},
  };
  for (const auto& check : checks) {
    if (!check.good) return Damaged(kVersionKind, check.field);
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeVersionRecord(const VersionRecord& record) {
  ByteWriter writer = StartRecord(kVersionKind);
  PutSpec(record.spec, FlagsOf(record), writer);
  writer.PutI64(record.version);
  writer.PutU64(record.generation);
  writer.PutI64(record.chunk_rows);
  writer.PutI64(record.revision);
  for (const uint8_t byte : record.digest) writer.PutU8(byte);
  writer.PutI64(absl::ToUnixMicros(record.created_at));
  if (record.quantization_error) {
    writer.PutDouble(record.quantization_error->max_abs);
    writer.PutDouble(record.quantization_error->rms);
  }
  if (record.revision > 0) writer.PutI64(record.folded_revision);
  return Seal(std::move(writer));
}

absl::StatusOr<VersionRecord> DecodeVersionRecord(absl::string_view value) {
  EMB_ASSIGN_OR_RETURN(const absl::string_view payload,
                       Unseal(kVersionKind, value));
  ByteReader reader(payload);
  VersionRecord record;
  uint8_t flags = 0;
  EMB_ASSIGN_OR_RETURN(record.spec, GetSpec(reader, flags));
  record.version = reader.GetI64();
  record.generation = reader.GetU64();
  record.chunk_rows = reader.GetI64();
  record.revision = reader.GetI64();
  for (uint8_t& byte : record.digest) byte = reader.GetU8();
  record.created_at = absl::FromUnixMicros(reader.GetI64());
  record.pinned = (flags & kIsPinned) != 0;
  if ((flags & kHasQuantizationError) != 0) {
    const double max_abs = reader.GetDouble();
    record.quantization_error = {max_abs, reader.GetDouble()};
  }
  const bool updated = (flags & kIsUpdated) != 0;
  if (updated) record.folded_revision = reader.GetI64();
  if (updated != (record.revision > 0)) {
    return Damaged(kVersionKind, "a revision that its flags deny");
  }
  EMB_RETURN_IF_ERROR(CheckEnd(kVersionKind, reader));
  EMB_RETURN_IF_ERROR(CheckSpec(record.spec));
  EMB_RETURN_IF_ERROR(CheckVersion(record));
  return record;
}

}  // namespace emb
