#include "server/small_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/byte_size.h"

namespace emb {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const {
    static_cast<void>(std::fclose(file));
  }
};

absl::Status Wrong(absl::string_view flag, const std::string& path,
                   absl::string_view complaint) {
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " \"", path, "\": ", complaint));
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(absl::string_view flag,
                                          const std::string& path,
                                          size_t bytes_max) {
  const std::unique_ptr<std::FILE, FileCloser> file(
      std::fopen(path.c_str(), "re"));
  if (file == nullptr) return Wrong(flag, path, std::strerror(errno));
  std::string text(bytes_max + 1, '\0');
  errno = 0;
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  // A directory opens, and then cannot be read.
  if (std::ferror(file.get()) != 0) {
    return Wrong(flag, path, std::strerror(errno));
  }
  if (text.size() <= bytes_max) return text;
  return Wrong(
      flag, path,
      absl::StrCat("over ", FormatByteSize(static_cast<int64_t>(bytes_max))));
}

}  // namespace emb
