#include "client/formats/guess_format.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace emb {

absl::string_view GuessFormat(absl::string_view head) {
  constexpr std::pair<absl::string_view, absl::string_view> kFormats[] = {
      {"PK", "a zip file (.npz or torch .pt)"},
      {"\x93NUMPY", "a .npy file"},
      {"\x80", "a Python pickle"},
      {"\x1f\x8b", "a gzip file"},
      {"BZh", "a bzip2 file"},
      {"\xFD"
       "7zXZ",
       "an xz file"},
      {"\x28\xB5\x2F\xFD", "a zstd file"},
      {"\x89HDF", "an HDF5 file"},
      {"PAR1", "a Parquet file"},
      {"ARROW1", "an Arrow file"},
      {"\xBA\x16\x4F\x2F", "a fastText model"},
  };
  if (head.empty()) return "an empty file";
  for (const auto& [magic, name] : kFormats) {
    if (absl::StartsWith(head, magic)) return name;
  }
  if (head.size() > 9 && head[8] == '{') return "a .safetensors file";
  if (head.size() > 262 && head.substr(257, 5) == "ustar") {
    return "a tar file";
  }
  for (const char c : head.substr(0, 64)) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_isprint(byte) && !absl::ascii_isspace(byte) &&
        byte < 0x80) {
      return "binary data of no format known here";
    }
  }
  return "text (CSV or JSON?)";
}

}  // namespace emb
