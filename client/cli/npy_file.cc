#include "client/cli/npy_file.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "client/formats/byte_source.h"
#include "client/formats/npy.h"
#include "client/formats/npy_reader.h"
#include "core/status_macros.h"

namespace emb {
namespace {

absl::Status FileError(absl::StatusCode code, const std::string& path,
                       absl::string_view complaint) {
  return {code, absl::StrCat("\"", path, "\": ", complaint)};
}

template <typename T>
absl::Status ReadIds(ByteSource& bytes, const NpyHeader& header,
                     std::vector<int64_t>& ids) {
  const int64_t size_bytes = bytes.size_bytes() - header.data_offset;
  std::vector<T> values(static_cast<size_t>(size_bytes) / sizeof(T));
  EMB_RETURN_IF_ERROR(bytes.ReadAt(header.data_offset,
                                   {reinterpret_cast<std::byte*>(values.data()),
                                    values.size() * sizeof(T)}));
  ids.assign(values.begin(), values.end());
  return absl::OkStatus();
}

absl::StatusOr<IdsFile> ReadIdsFrom(ByteSource& bytes) {
  EMB_ASSIGN_OR_RETURN(const NpyHeader header, ReadNpyHeader(bytes));
  EMB_RETURN_IF_ERROR(CheckNpyLength(header, bytes.size_bytes()));
  const bool narrow = header.descr == "<i4";
  if (!narrow && header.descr != "<i8") {
    return absl::InvalidArgumentError(absl::StrCat(
        DescribeNpyType(header.descr), ", want int32 (<i4) or int64 (<i8)"));
  }
  if (header.fortran_order && header.shape.size() > 1) {
    return absl::InvalidArgumentError("Fortran order, want C order");
  }
  IdsFile file = {header.shape, {}};
  EMB_RETURN_IF_ERROR(narrow ? ReadIds<int32_t>(bytes, header, file.ids)
                             : ReadIds<int64_t>(bytes, header, file.ids));
  return file;
}

}  // namespace

absl::StatusOr<IdsFile> ReadIdsFile(const std::string& path) {
  const auto bytes = FileBytes::Open(path);
  if (!bytes.ok()) {
    return FileError(bytes.status().code(), path, bytes.status().message());
  }
  auto file = ReadIdsFrom(**bytes);
  if (file.ok()) return file;
  return FileError(file.status().code(), path, file.status().message());
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
