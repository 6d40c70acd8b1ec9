// Elements of .npy files of format 1.0, for data that tests come with.
#ifndef EMB_TESTS_TESTING_READ_NPY_H_
#define EMB_TESTS_TESTING_READ_NPY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace emb {

// The bytes behind the header.
//
// Errors   NOT_FOUND  the file cannot be read.
//          DATA_LOSS  it is no .npy file.
inline absl::StatusOr<std::string> ReadNpyBytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  const std::string file = text.str();
  constexpr size_t kPreamble = 10;
  uint16_t header_bytes = 0;
  if (file.size() >= kPreamble) {
    std::memcpy(&header_bytes, &file[8], sizeof(header_bytes));
  }
  if (file.compare(0, 6, "\x93NUMPY") != 0 ||
      file.size() < kPreamble + header_bytes) {
    return absl::DataLossError(absl::StrCat(path, ": no .npy file"));
  }
  return file.substr(kPreamble + header_bytes);
}

// The elements of a file that is known to hold little-endian T.
template <typename T>
absl::StatusOr<std::vector<T>> ReadNpy(const std::string& path) {
  const auto bytes = ReadNpyBytes(path);
  if (!bytes.ok()) return bytes.status();
  std::vector<T> elements(bytes->size() / sizeof(T));
  std::memcpy(elements.data(), bytes->data(), elements.size() * sizeof(T));
  return elements;
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_READ_NPY_H_
