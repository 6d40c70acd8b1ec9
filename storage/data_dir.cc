#include "storage/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "core/status_macros.h"

namespace emb {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kLockName = "LOCK";
constexpr absl::string_view kStoreName = "rocksdb";
constexpr absl::string_view kNewStoreName = "rocksdb.new";
constexpr absl::string_view kLostFoundName = "lost+found";

std::string Describe(absl::string_view path) {
  return absl::StrCat("data_dir \"", path, "\"");
}

absl::Status FromErrno(int error, absl::string_view what) {
  const std::string text = absl::StrCat(what, ": ", std::strerror(error));
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(text);
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(text);
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::FailedPreconditionError(text);
    default:
      return absl::InternalError(text);
  }
}

// Makes the entries of a directory durable.
absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno, absl::StrCat(path, ": open"));
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  if (error != 0) return FromErrno(error, absl::StrCat(path, ": fsync"));
  return absl::OkStatus();
}

// Creates `path` and its parents, each durably.
absl::Status MakeDirectories(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return absl::OkStatus();
  const fs::path parent =
      path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (parent != path) EMB_RETURN_IF_ERROR(MakeDirectories(parent));
  // A trailing slash makes the parent the same directory.
  if (mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) {
    return FromErrno(errno, absl::StrCat(path.string(), ": mkdir"));
  }
  if (!fs::is_directory(path, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path.string(), ": want a directory"));
  }
  return SyncDirectory(parent.string());
}

absl::StatusOr<std::vector<std::string>> ListDirectory(
    const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return FromErrno(error.value(), "list");
  std::sort(names.begin(), names.end());
  return names;
}

// Refuses a directory with somebody else's files, before anything is written
// to it: a mistyped --data_dir must not end in a mixture of both.
absl::Status CheckContent(const std::string& path) {
  EMB_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                       ListDirectory(path));
  std::error_code error;
  if (fs::is_directory(fs::path(path) / std::string(kStoreName), error)) {
    return absl::OkStatus();
  }
  for (const std::string& name : names) {
    if (name != kLockName && name != kNewStoreName && name != kLostFoundName) {
      return absl::FailedPreconditionError(
          absl::StrFormat("holds \"%s\" and no store, want an empty directory "
                          "or one made by this server",
                          name));
    }
  }
  return absl::OkStatus();
}

// Returns the descriptor that holds the lock.
absl::StatusOr<int> Lock(const std::string& path) {
  const std::string file = absl::StrCat(path, "/", kLockName);
  const int fd =
      open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return FromErrno(errno, "open LOCK");
  std::array<char, 24> text = {};
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const ssize_t size = pread(fd, text.data(), text.size(), 0);
    close(fd);
    if (error != EWOULDBLOCK) return FromErrno(error, "lock LOCK");
    const absl::string_view pid = absl::StripAsciiWhitespace(absl::string_view(
        text.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))));
    // Its owner may be between taking the lock and writing its pid.
    return absl::UnavailableError(
        absl::StrCat("in use by ", pid.empty() ? "another process" : "process ",
                     pid, ", want a directory of its own"));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) !=
                                   static_cast<ssize_t>(pid.size())) {
    const int error = errno;
    close(fd);
    return FromErrno(error, "write LOCK");
  }
  return fd;
}

absl::StatusOr<int> Prepare(const std::string& path) {
  if (path.empty()) {
    return absl::FailedPreconditionError("empty, want a directory");
  }
  EMB_RETURN_IF_ERROR(MakeDirectories(path));
  EMB_RETURN_IF_ERROR(CheckContent(path));
  return Lock(path);
}

absl::Status RemoveAll(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return FromErrno(error.value(), absl::StrCat(path, ": remove"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDir>> DataDir::Open(std::string path) {
  const auto lock_fd = Prepare(path);
  if (!lock_fd.ok()) {
    return absl::Status(
        lock_fd.status().code(),
        absl::StrCat(Describe(path), ": ", lock_fd.status().message()));
  }
  return std::unique_ptr<DataDir>(new DataDir(std::move(path), *lock_fd));
}

// Closing the descriptor releases the lock. The file stays: were it removed,
// two processes could each lock a LOCK of their own.
DataDir::~DataDir() { close(lock_fd_); }

std::string DataDir::store_path() const {
  return absl::StrCat(path_, "/", kStoreName);
}

std::string DataDir::new_store_path() const {
  return absl::StrCat(path_, "/", kNewStoreName);
}

bool DataDir::has_store() const {
  std::error_code error;
  return fs::is_directory(store_path(), error);
}

absl::Status DataDir::RemoveNewStore() const {
  return RemoveAll(new_store_path());
}

absl::Status DataDir::AdoptNewStore() const {
  EMB_RETURN_IF_ERROR(SyncDirectory(new_store_path()));
  if (rename(new_store_path().c_str(), store_path().c_str()) != 0) {
    return FromErrno(errno, absl::StrCat(new_store_path(), ": rename"));
  }
  return SyncDirectory(path_);
}

absl::Status MakeEmptyDirectory(const std::string& path) {
  EMB_RETURN_IF_ERROR(RemoveAll(path));
  return MakeDirectories(path);
}

}  // namespace emb
