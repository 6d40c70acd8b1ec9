#include "client/cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
constexpr mode_t kMode = 0666;  // Less the umask.

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Create(
    const std::string& what, const std::string& path) {
  std::unique_ptr<OutputFile> file(new OutputFile(what, path));
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return file->Error(EISDIR);
  file->fd_ =
      open(FolderOf(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
  if (file->fd_ >= 0) return file;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    return file->Error(errno);
  }
  // Not every file system has files without a name.
  std::string temp_path = path + ".XXXXXX";
  file->fd_ = mkostemp(temp_path.data(), O_CLOEXEC);
  if (file->fd_ < 0) return file->Error(errno);
  file->temp_path_ = temp_path;
  return file;
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) close(fd_);
  if (!temp_path_.empty()) unlink(temp_path_.c_str());
}

absl::Status OutputFile::Append(absl::string_view bytes) {
  buffer_.append(bytes.data(), bytes.size());
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status OutputFile::Commit() {
  EMB_RETURN_IF_ERROR(Flush());
  if (fsync(fd_) != 0) return Error(errno);
  if (temp_path_.empty()) {
    // linkat replaces nothing, rename does.
    std::string temp_path = absl::StrCat(path_, ".", getpid());
    const std::string self = absl::StrCat("/proc/self/fd/", fd_);
    if (linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temp_path.c_str(),
               AT_SYMLINK_FOLLOW) != 0) {
      return Error(errno);
    }
    temp_path_ = std::move(temp_path);
  }
  if (std::rename(temp_path_.c_str(), path_.c_str()) != 0) return Error(errno);
  temp_path_.clear();
  return absl::OkStatus();
}

absl::Status OutputFile::Flush() {
  absl::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t count = write(fd_, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error(errno);
    rest.remove_prefix(static_cast<size_t>(count));
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status OutputFile::Error(int error) const {
  return {absl::ErrnoToStatusCode(error),
          absl::StrCat(what_, " \"", path_,
                       "\": cannot be written: ", std::strerror(error))};
}

}  // namespace emb
