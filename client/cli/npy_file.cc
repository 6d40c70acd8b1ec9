#include "client/cli/npy_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/status_macros.h"

namespace emb {
namespace {

namespace fs = std::filesystem;

absl::Status FileError(absl::StatusCode code, const std::string& path,
                       absl::string_view complaint) {
  return {code, absl::StrCat("\"", path, "\": ", complaint)};
}

absl::Status Wrong(const std::string& path, absl::string_view complaint) {
  return FileError(absl::StatusCode::kInvalidArgument, path, complaint);
}

absl::Status CheckRegular(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return FileError(absl::StatusCode::kNotFound, path, "no such file");
  }
  if (error) {
    return FileError(absl::ErrnoToStatusCode(error.value()), path,
                     error.message());
  }
  if (fs::is_directory(status)) return Wrong(path, "a directory, want a file");
  if (!fs::is_regular_file(status)) {
    return Wrong(path, "a pipe or device, want a file whose size is known");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<std::ifstream>> OpenStream(
    const std::string& path) {
  errno = 0;
  auto stream = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (stream->is_open()) return stream;
  const auto code = errno == EACCES ? absl::StatusCode::kPermissionDenied
                                    : absl::StatusCode::kInternal;
  return FileError(code, path, std::strerror(errno));
}

// Bytes of one element, from a name such as "<f4"; 0 if it has none, as for
// Python objects, or no credible one.
int64_t ElementBytes(const std::string& descr) {
  int64_t bytes = 0;
  if (descr.size() < 3 || !absl::SimpleAtoi(descr.substr(2), &bytes)) return 0;
  if (bytes < 0 || bytes > std::numeric_limits<int32_t>::max()) return 0;
  return descr[1] == 'U' ? bytes * 4 : bytes;
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return absl::StrCat("(", absl::StrJoin(shape, ", "),
                      shape.size() == 1 ? ",)" : ")");
}

struct TypeName {
  absl::string_view descr;
  absl::string_view name;
};

constexpr TypeName kTypeNames[] = {{"<f2", "float16"},
                                   {"<f4", "float32"},
                                   {"<f8", "float64"},
                                   {">f2", "big-endian float16"},
                                   {">f4", "big-endian float32"},
                                   {">f8", "big-endian float64"},
                                   {"|i1", "int8"},
                                   {"|u1", "uint8"},
                                   {"<i2", "int16"},
                                   {"<i4", "int32"},
                                   {"<i8", "int64"},
                                   {"<c8", "complex64"},
                                   {"<c16", "complex128"},
                                   {"|b1", "bool"},
                                   {"|O", "Python objects"}};

std::string DescribeType(const std::string& descr) {
  for (const TypeName& type : kTypeNames) {
    if (type.descr == descr) return absl::StrCat(type.name, " (", descr, ")");
  }
  return absl::StrCat("elements of type \"", descr.substr(0, 32), "\"");
}

absl::StatusOr<int64_t> CountElements(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count)) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", ShapeText(shape), " is beyond 2^63"));
    }
  }
  return count;
}

// The elements must fill the rest of the file exactly.
absl::Status CheckLength(const NpyHeader& header, int64_t num_elements,
                         int64_t file_bytes) {
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
      " of ", DescribeType(header.descr)));
}

}  // namespace

absl::StatusOr<NpyFile> NpyFile::Open(const std::string& path) {
  EMB_RETURN_IF_ERROR(CheckRegular(path));
  NpyFile file;
  file.path_ = path;
  EMB_ASSIGN_OR_RETURN(file.stream_, OpenStream(path));
  std::string head(kNpyHeadBytes, '\0');
  file.stream_->read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(file.stream_->gcount()));
  const auto header = ParseNpyHeader(head);
  if (!header.ok()) return Wrong(path, header.status().message());
  file.header_ = *header;
  const auto count = CountElements(file.header_.shape);
  if (!count.ok()) return Wrong(path, count.status().message());
  file.num_elements_ = *count;
  std::error_code error;
  const auto file_bytes = static_cast<int64_t>(fs::file_size(path, error));
  if (error) {
    return FileError(absl::StatusCode::kInternal, path, error.message());
  }
  const absl::Status length =
      CheckLength(file.header_, file.num_elements_, file_bytes);
  if (!length.ok()) return Wrong(path, length.message());
  file.bytes_left_ = file_bytes - file.header_.data_offset;
  file.stream_->clear();
  file.stream_->seekg(file.header_.data_offset);
  return file;
}

absl::StatusOr<size_t> NpyFile::Read(absl::Span<std::byte> buffer) {
  const auto count = static_cast<size_t>(
      std::min(bytes_left_, static_cast<int64_t>(buffer.size())));
  stream_->read(reinterpret_cast<char*>(buffer.data()),
                static_cast<std::streamsize>(count));
  if (static_cast<size_t>(stream_->gcount()) != count) {
    return FileError(absl::StatusCode::kDataLoss, path_,
                     absl::StrCat(bytes_left_ - stream_->gcount(),
                                  " bytes are missing; was it changed?"));
  }
  bytes_left_ -= static_cast<int64_t>(count);
  return count;
}

absl::StatusOr<NpyFile> OpenTableFile(const std::string& path) {
  EMB_ASSIGN_OR_RETURN(NpyFile file, NpyFile::Open(path));
  const NpyHeader& header = file.header();
  if (header.descr != "<f4") {
    return Wrong(
        path, absl::StrCat(DescribeType(header.descr), ", want float32 (<f4)"));
  }
  if (header.fortran_order) {
    return Wrong(path, "Fortran order, want C order");
  }
  if (header.shape.size() != 2) {
    return Wrong(path, absl::StrCat("shape ", ShapeText(header.shape),
                                    ", want two axes (rows, dim)"));
  }
  if (file.num_elements() == 0) {
    return Wrong(path, absl::StrCat("shape ", ShapeText(header.shape),
                                    ", want at least one row and column"));
  }
  return file;
}

absl::StatusOr<IdsFile> ReadIdsFile(const std::string& path) {
  EMB_ASSIGN_OR_RETURN(NpyFile file, NpyFile::Open(path));
  const NpyHeader& header = file.header();
  const bool narrow = header.descr == "<i4";
  if (!narrow && header.descr != "<i8") {
    return Wrong(path, absl::StrCat(DescribeType(header.descr),
                                    ", want int32 (<i4) or int64 (<i8)"));
  }
  if (header.fortran_order && header.shape.size() > 1) {
    return Wrong(path, "Fortran order, want C order");
  }
  IdsFile ids = {header.shape, {}};
  ids.ids.resize(static_cast<size_t>(file.num_elements()));
  if (!narrow) {
    EMB_RETURN_IF_ERROR(file.Read({reinterpret_cast<std::byte*>(ids.ids.data()),
                                   ids.ids.size() * sizeof(int64_t)})
                            .status());
    return ids;
  }
  std::vector<int32_t> values(ids.ids.size());
  EMB_RETURN_IF_ERROR(file.Read({reinterpret_cast<std::byte*>(values.data()),
                                 values.size() * sizeof(int32_t)})
                          .status());
  ids.ids.assign(values.begin(), values.end());
  return ids;
}

void WriteFloats(absl::Span<const int64_t> shape,
                 absl::Span<const float> values, std::ostream& out) {
  const std::string header = FormatNpyHeader("<f4", shape);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  out.write(reinterpret_cast<const char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(float)));
}

absl::Status WriteFloatFile(const std::string& path,
                            absl::Span<const int64_t> shape,
                            absl::Span<const float> values) {
  errno = 0;
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  WriteFloats(shape, values, stream);
  stream.close();
  if (stream.good()) return absl::OkStatus();
  const int error = errno;
  return FileError(absl::ErrnoToStatusCode(error), path,
                   absl::StrCat("cannot be written: ", std::strerror(error)));
}

}  // namespace emb
