#include "client/formats/safetensors_reader.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/formats/byte_order.h"
#include "client/formats/choose_tensor.h"
#include "client/formats/safetensors_header.h"
#include "client/formats/source_type.h"
#include "client/formats/tensor_rows.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr int64_t kLengthBytes = 8;

std::optional<SourceType> TypeOf(absl::string_view dtype) {
  constexpr std::pair<absl::string_view, SourceType> kDtypes[] = {
      {"F16", SourceType::kFloat16}, {"BF16", SourceType::kBFloat16},
      {"F32", SourceType::kFloat32}, {"F64", SourceType::kFloat64},
      {"I8", SourceType::kInt8},     {"I16", SourceType::kInt16},
      {"I32", SourceType::kInt32},   {"I64", SourceType::kInt64},
      {"U8", SourceType::kUint8},    {"U16", SourceType::kUint16},
      {"U32", SourceType::kUint32},  {"U64", SourceType::kUint64}};
  for (const auto& [name, type] : kDtypes) {
    if (name == dtype) return type;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ReadHeader(ByteSource& bytes) {
  EMB_ASSIGN_OR_RETURN(const std::string length_text,
                       ReadText(bytes, 0, kLengthBytes));
  if (length_text.size() < kLengthBytes) {
    return absl::InvalidArgumentError("cut off inside the header's length");
  }
  const uint64_t length = LittleEndian(length_text, 0, kLengthBytes);
  const int64_t there = bytes.size_bytes() - kLengthBytes;
  if (length > static_cast<uint64_t>(there)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "header of ", length, " bytes, but only ", there, " are there"));
  }
  if (length > kSafetensorsHeaderBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("header of ", length,
                                                   " bytes, want at most ",
                                                   kSafetensorsHeaderBytesMax));
  }
  return ReadText(bytes, kLengthBytes, static_cast<int64_t>(length));
}

// Everything that comes before the elements.
struct Head {
  std::vector<SafetensorsEntry> entries;
  int64_t data_begin = 0;
};

absl::StatusOr<Head> ReadHead(ByteSource& bytes) {
  Head head;
  EMB_ASSIGN_OR_RETURN(const std::string header, ReadHeader(bytes));
  head.data_begin = kLengthBytes + static_cast<int64_t>(header.size());
  EMB_ASSIGN_OR_RETURN(head.entries, ParseSafetensorsHeader(header));
  EMB_RETURN_IF_ERROR(CheckSafetensorsLayout(
      head.entries, bytes.size_bytes() - head.data_begin));
  return head;
}

absl::StatusOr<SafetensorsEntry> ChooseEntry(
    std::vector<SafetensorsEntry> entries, const ReadOptions& options) {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) names.push_back(entry.name);
  EMB_ASSIGN_OR_RETURN(const size_t chosen,
                       ChooseTensor(names, options.tensor));
  return std::move(entries[chosen]);
}

}  // namespace

absl::StatusOr<std::vector<NamedShape>> ListSafetensors(ByteSource& bytes) {
  EMB_ASSIGN_OR_RETURN(Head head, ReadHead(bytes));
  std::vector<NamedShape> tensors;
  tensors.reserve(head.entries.size());
  for (SafetensorsEntry& entry : head.entries) {
    tensors.push_back({std::move(entry.name), std::move(entry.shape)});
  }
  return tensors;
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenSafetensors(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(Head head, ReadHead(*bytes));
  EMB_ASSIGN_OR_RETURN(SafetensorsEntry entry,
                       ChooseEntry(std::move(head.entries), options));
  const std::optional<SourceType> type = TypeOf(entry.dtype);
  if (!type) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor \"", entry.name.substr(0, 128), "\": elements of type \"",
        entry.dtype.substr(0, 32), "\", want F16, BF16, F32, F64 or integers"));
  }
  return OpenTensor({.bytes = std::move(bytes),
                     .offset_bytes = head.data_begin + entry.begin,
                     .type = *type,
                     .big_endian = false,
                     .shape = std::move(entry.shape),
                     .strides = {}});
}

}  // namespace emb
