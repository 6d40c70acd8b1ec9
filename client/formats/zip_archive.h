// Zip archives, as numpy.savez and torch.save write them.
//
// Source: PKWARE APPNOTE 6.3.10; with the 64-bit extensions. Stored and
// deflated members; no encryption, no parts on other disks.
#ifndef EMB_CLIENT_FORMATS_ZIP_ARCHIVE_H_
#define EMB_CLIENT_FORMATS_ZIP_ARCHIVE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/formats/byte_source.h"

namespace emb {

// What the directory says of a member.
struct ZipMember {
  std::string name;
  uint16_t flags = 0;
  uint16_t method = 0;
  uint32_t crc = 0;
  int64_t packed_bytes = 0;
  int64_t size_bytes = 0;
  int64_t header_offset = 0;
};

// Threads  One thread, together with what it opens.
class ZipArchive {
 public:
  // Reads the directory.
  //
  // Errors   INVALID_ARGUMENT  none is found, it is cut off or larger than
  //                            kDirectoryBytesMax, members overlap, or one
  //                            claims a size that its bytes cannot unpack to.
  static absl::StatusOr<ZipArchive> Open(std::shared_ptr<ByteSource> bytes);

  // In the order of the directory.
  const std::vector<ZipMember>& members() const { return members_; }

  // The member of that name; nullptr: none.
  // Errors   INVALID_ARGUMENT  there are two.
  absl::StatusOr<const ZipMember*> Find(absl::string_view name) const;

  // The content, whose checksum is compared as soon as all of it has been
  // read in order; a deflated one has no random access.
  //
  // Errors   INVALID_ARGUMENT  encrypted, packed by another method, or the
  //                            header before the data disagrees.
  absl::StatusOr<std::shared_ptr<ByteSource>> OpenMember(
      const ZipMember& member) const;

  static constexpr int64_t kDirectoryBytesMax = 32 << 20;

 private:
  ZipArchive(std::shared_ptr<ByteSource> bytes, std::vector<ZipMember> members)
      : bytes_(std::move(bytes)), members_(std::move(members)) {}

  std::shared_ptr<ByteSource> bytes_;
  std::vector<ZipMember> members_;
};

// Reads everything once, in order, for the sake of its checksum.
absl::Status ReadThrough(ByteSource& bytes);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_ZIP_ARCHIVE_H_
