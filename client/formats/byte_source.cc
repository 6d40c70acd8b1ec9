#include "client/formats/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr int64_t kSpoolStepBytes = 1 << 20;

absl::Status ErrnoStatus(int error) {
  if (error == ENOENT) return absl::NotFoundError("no such file");
  return {absl::ErrnoToStatusCode(error), std::strerror(error)};
}

absl::Status CheckRegular(const struct stat& file) {
  if (S_ISDIR(file.st_mode)) {
    return absl::InvalidArgumentError("a directory, want a file");
  }
  if (!S_ISREG(file.st_mode)) {
    return absl::InvalidArgumentError(
        "a pipe or device, want a file whose size is known");
  }
  return absl::OkStatus();
}

// Reads all of `out`, or says what is missing.
absl::Status ReadFully(int fd, int64_t offset, absl::Span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t count = pread(fd, out.data(), out.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno);
    if (count == 0) {
      return absl::DataLossError(
          absl::StrCat(out.size(), " bytes are missing at byte ", offset,
                       "; was the file changed?"));
    }
    offset += count;
    out.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status WriteFully(int fd, absl::Span<const std::byte> in) {
  while (!in.empty()) {
    const ssize_t count = write(fd, in.data(), in.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno);
    in.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

// A file that had a name only for a moment.
class SpooledBytes final : public ByteSource {
 public:
  SpooledBytes(int fd, int64_t size_bytes) : fd_(fd), size_bytes_(size_bytes) {}
  ~SpooledBytes() override { close(fd_); }
  SpooledBytes(const SpooledBytes&) = delete;
  SpooledBytes& operator=(const SpooledBytes&) = delete;

  int64_t size_bytes() const override { return size_bytes_; }
  absl::Status ReadAt(int64_t offset, absl::Span<std::byte> out) override {
    return ReadFully(fd_, offset, out);
  }

 private:
  const int fd_;
  const int64_t size_bytes_;
};

}  // namespace

absl::StatusOr<std::string> ReadText(ByteSource& bytes, int64_t offset,
                                     int64_t count_max) {
  const int64_t left = std::max<int64_t>(0, bytes.size_bytes() - offset);
  std::string text(static_cast<size_t>(std::min(count_max, left)), '\0');
  if (text.empty()) return text;
  EMB_RETURN_IF_ERROR(bytes.ReadAt(
      offset, {reinterpret_cast<std::byte*>(text.data()), text.size()}));
  return text;
}

absl::StatusOr<std::shared_ptr<FileBytes>> FileBytes::Open(
    const std::string& path) {
  // Without O_NONBLOCK a pipe would wait for its writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && errno == ENXIO) {
    return absl::InvalidArgumentError("a socket or device, want a file");
  }
  if (fd < 0) return ErrnoStatus(errno);
  const std::shared_ptr<FileBytes> bytes(new FileBytes);
  bytes->fd_ = fd;
  struct stat file = {};
  if (fstat(fd, &file) != 0) return ErrnoStatus(errno);
  EMB_RETURN_IF_ERROR(CheckRegular(file));
  bytes->size_bytes_ = file.st_size;
  bytes->changed_seconds_ = file.st_mtim.tv_sec;
  bytes->changed_nanoseconds_ = file.st_mtim.tv_nsec;
  return bytes;
}

FileBytes::~FileBytes() {
  if (fd_ >= 0) close(fd_);
}

absl::Status FileBytes::ReadAt(int64_t offset, absl::Span<std::byte> out) {
  return ReadFully(fd_, offset, out);
}

absl::Status FileBytes::CheckUnchanged() const {
  struct stat file = {};
  if (fstat(fd_, &file) != 0) return ErrnoStatus(errno);
  if (file.st_size != size_bytes_) {
    return absl::DataLossError(
        absl::StrCat("changed while it was read: ", file.st_size,
                     " bytes, had ", size_bytes_));
  }
  if (file.st_mtim.tv_sec != changed_seconds_ ||
      file.st_mtim.tv_nsec != changed_nanoseconds_) {
    return absl::DataLossError("changed while it was read");
  }
  return absl::OkStatus();
}

absl::Status MemoryBytes::ReadAt(int64_t offset, absl::Span<std::byte> out) {
  std::memcpy(out.data(), bytes_.data() + offset, out.size());
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<ByteSource>> Spool(ByteSource& bytes) {
  const char* const dir = std::getenv("TMPDIR");
  std::string path = absl::StrCat(dir == nullptr || *dir == '\0' ? "/tmp" : dir,
                                  "/embctl-XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) {
    const absl::Status status = ErrnoStatus(errno);
    return absl::Status(status.code(), absl::StrCat("a temporary file, ", path,
                                                    ": ", status.message()));
  }
  unlink(path.c_str());
  auto spooled = std::make_shared<SpooledBytes>(fd, bytes.size_bytes());
  std::vector<std::byte> step(static_cast<size_t>(kSpoolStepBytes));
  for (int64_t at = 0; at < bytes.size_bytes(); at += kSpoolStepBytes) {
    const auto part = absl::MakeSpan(step).first(static_cast<size_t>(
        std::min(kSpoolStepBytes, bytes.size_bytes() - at)));
    EMB_RETURN_IF_ERROR(bytes.ReadAt(at, part));
    EMB_RETURN_IF_ERROR(WriteFully(fd, part));
  }
  return spooled;
}

}  // namespace emb
