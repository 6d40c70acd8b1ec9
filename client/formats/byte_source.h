// Where the bytes of a table come from: a file, a part of one, a member of an
// archive, or memory.
#ifndef EMB_CLIENT_FORMATS_BYTE_SOURCE_H_
#define EMB_CLIENT_FORMATS_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emb {

// A run of bytes of known size, read from any place.
//
// Threads  One thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual int64_t size_bytes() const = 0;

  // False: going back, or leaving bytes out, costs reading them again.
  virtual bool random_access() const { return true; }

  // Fills `out` with the bytes from `offset` on.
  //
  // Errors   DATA_LOSS  the bytes are not what was promised: the file was
  //                     changed meanwhile, or a checksum does not match.
  // REQUIRES: offset >= 0, offset + out.size() <= size_bytes().
  virtual absl::Status ReadAt(int64_t offset, absl::Span<std::byte> out) = 0;
};

// The bytes [offset, offset + count), or fewer where the source ends.
absl::StatusOr<std::string> ReadText(ByteSource& bytes, int64_t offset,
                                     int64_t count_max);

// A regular file. It is read, never mapped: one that shrinks is an error and
// not a signal.
class FileBytes final : public ByteSource {
 public:
  // Errors   NOT_FOUND, PERMISSION_DENIED, ...  as errno says.
  //          INVALID_ARGUMENT  a directory, pipe or device.
  static absl::StatusOr<std::shared_ptr<FileBytes>> Open(
      const std::string& path);
  ~FileBytes() override;
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  int64_t size_bytes() const override { return size_bytes_; }
  absl::Status ReadAt(int64_t offset, absl::Span<std::byte> out) override;

  // Errors   DATA_LOSS  size or time of change are not those of Open.
  absl::Status CheckUnchanged() const;

 private:
  FileBytes() = default;

  int fd_ = -1;
  int64_t size_bytes_ = 0;
  int64_t changed_seconds_ = 0;
  int64_t changed_nanoseconds_ = 0;
};

// A part of another source.
class PartBytes final : public ByteSource {
 public:
  // REQUIRES: [offset, offset + size_bytes) lies in `whole`.
  PartBytes(std::shared_ptr<ByteSource> whole, int64_t offset,
            int64_t size_bytes)
      : whole_(std::move(whole)), offset_(offset), size_bytes_(size_bytes) {}

  int64_t size_bytes() const override { return size_bytes_; }
  bool random_access() const override { return whole_->random_access(); }
  absl::Status ReadAt(int64_t offset, absl::Span<std::byte> out) override {
    return whole_->ReadAt(offset_ + offset, out);
  }

 private:
  const std::shared_ptr<ByteSource> whole_;
  const int64_t offset_;
  const int64_t size_bytes_;
};

// Bytes in memory.
class MemoryBytes final : public ByteSource {
 public:
  explicit MemoryBytes(std::string bytes) : bytes_(std::move(bytes)) {}

  int64_t size_bytes() const override {
    return static_cast<int64_t>(bytes_.size());
  }
  absl::Status ReadAt(int64_t offset, absl::Span<std::byte> out) override;

 private:
  const std::string bytes_;
};

// A copy of `bytes` in a temporary file without a name (in $TMPDIR or /tmp),
// which goes with the object: random access for a source that has none.
absl::StatusOr<std::shared_ptr<ByteSource>> Spool(ByteSource& bytes);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_BYTE_SOURCE_H_
