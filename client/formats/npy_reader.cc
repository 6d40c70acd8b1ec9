#include "client/formats/npy_reader.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/formats/source_type.h"
#include "client/formats/tensor_rows.h"
#include "core/status_macros.h"

namespace emb {
namespace {

struct TypeCode {
  absl::string_view code;  // descr without its byte order.
  absl::string_view name;
};

constexpr TypeCode kTypeCodes[] = {
    {"f2", "float16"},      {"f4", "float32"},   {"f8", "float64"},
    {"i1", "int8"},         {"i2", "int16"},     {"i4", "int32"},
    {"i8", "int64"},        {"u1", "uint8"},     {"u2", "uint16"},
    {"u4", "uint32"},       {"u8", "uint64"},    {"c8", "complex64"},
    {"c16", "complex128"},  {"f16", "float128"}, {"b1", "bool"},
    {"O", "Python objects"}};

bool IsByteOrder(char c) { return c == '<' || c == '>' || c == '|'; }

absl::string_view TypeNameOf(absl::string_view descr) {
  if (descr.empty() || !IsByteOrder(descr.front())) return {};
  for (const TypeCode& type : kTypeCodes) {
    if (type.code == descr.substr(1)) return type.name;
  }
  return {};
}

// Bytes of one element, from a name such as "<f4"; 0 if it has none, as for
// Python objects, or no credible one.
int64_t ElementBytes(const std::string& descr) {
  int64_t bytes = 0;
  if (descr.size() < 3 || !absl::SimpleAtoi(descr.substr(2), &bytes)) return 0;
  if (bytes < 0 || bytes > std::numeric_limits<int32_t>::max()) return 0;
  return descr[1] == 'U' ? bytes * 4 : bytes;
}

}  // namespace

absl::StatusOr<NpyHeader> ReadNpyHeader(ByteSource& bytes) {
  EMB_ASSIGN_OR_RETURN(const std::string head,
                       ReadText(bytes, 0, int64_t{kNpyHeadBytes}));
  return ParseNpyHeader(head);
}

std::string DescribeNpyType(const std::string& descr) {
  const absl::string_view name = TypeNameOf(descr);
  if (name.empty()) {
    return absl::StrCat("elements of type \"", descr.substr(0, 32), "\"");
  }
  return absl::StrCat(descr.front() == '>' ? "big-endian " : "", name, " (",
                      descr, ")");
}

absl::Status CheckNpyLength(const NpyHeader& header, int64_t file_bytes) {
  EMB_ASSIGN_OR_RETURN(const int64_t num_elements, CountElements(header.shape));
  const int64_t element_bytes = ElementBytes(header.descr);
  if (element_bytes == 0) return absl::OkStatus();  // Refused by its type.
  int64_t want = 0;
  if (__builtin_mul_overflow(num_elements, element_bytes, &want)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "shape ", ShapeText(header.shape), " is beyond 2^63 bytes"));
  }
  const int64_t have = file_bytes - header.data_offset;
  if (have == want) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      have < want ? "truncated: " : "bytes after the elements: ", have,
      " bytes of elements, want ", want, " for shape ", ShapeText(header.shape),
      " of ", DescribeNpyType(header.descr)));
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenNpy(
    std::shared_ptr<ByteSource> bytes, const ReadOptions&) {
  EMB_ASSIGN_OR_RETURN(NpyHeader header, ReadNpyHeader(*bytes));
  EMB_RETURN_IF_ERROR(CheckNpyLength(header, bytes->size_bytes()));
  const std::optional<SourceType> type =
      SourceTypeNamed(TypeNameOf(header.descr));
  if (!type) {
    return absl::InvalidArgumentError(
        absl::StrCat(DescribeNpyType(header.descr),
                     ", want float16, float32, float64 or integers"));
  }
  EMB_RETURN_IF_ERROR(CheckTableShape(header.shape));
  TensorPlace place = {.bytes = std::move(bytes),
                       .offset_bytes = header.data_offset,
                       .type = *type,
                       .big_endian = header.descr.front() == '>',
                       .shape = header.shape,
                       .strides = {}};
  if (header.fortran_order) place.strides = FortranOrderStrides(header.shape);
  return OpenTensor(std::move(place));
}

}  // namespace emb
