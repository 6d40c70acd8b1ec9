// The bytes of .npy files, good and bad.
#ifndef EMB_TESTS_UNIT_CLIENT_CLI_NPY_BYTES_H_
#define EMB_TESTS_UNIT_CLIENT_CLI_NPY_BYTES_H_

#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace emb {

// What comes before the elements: `dict` after magic, version and length.
inline std::string NpyHead(const std::string& dict, int major = 1,
                           int minor = 0) {
  std::string head = "\x93NUMPY";
  head += static_cast<char>(major);
  head += static_cast<char>(minor);
  const int length_bytes = major == 1 ? 2 : 4;
  for (int i = 0; i < length_bytes; ++i) {
    head += static_cast<char>(dict.size() >> (8 * i) & 0xFF);
  }
  return head + dict;
}

inline std::string NpyDict(const std::string& descr, const std::string& shape,
                           bool fortran_order = false) {
  return absl::StrCat("{'descr': ", descr,
                      ", 'fortran_order': ", fortran_order ? "True" : "False",
                      ", 'shape': ", shape, ", }");
}

template <typename T>
std::string BytesOf(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  // An empty vector may have no data, which memcpy may not be given.
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace emb

#endif  // EMB_TESTS_UNIT_CLIENT_CLI_NPY_BYTES_H_
