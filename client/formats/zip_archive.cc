#include "client/formats/zip_archive.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/formats/byte_order.h"
#include "client/formats/inflated_bytes.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr absl::string_view kLocalMagic = "PK\x03\x04";
constexpr absl::string_view kEntryMagic = "PK\x01\x02";
constexpr absl::string_view kEndMagic = "PK\x05\x06";
constexpr absl::string_view kEnd64Magic = "PK\x06\x06";
constexpr absl::string_view kLocator64Magic = "PK\x06\x07";
constexpr size_t kLocalBytes = 30;
constexpr size_t kEntryBytes = 46;
constexpr size_t kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56;
constexpr size_t kLocator64Bytes = 20;
constexpr int64_t kCommentBytesMax = 65'535;

constexpr uint64_t kIn64Bits = 0xFFFFFFFF;  // "See the 64-bit extension."
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr uint16_t kEncrypted = 1;
// Deflate packs 258 bytes into 2 bits at best.
constexpr int64_t kDeflateRatioMax = 1032;

absl::Status Wrong(absl::string_view complaint) {
  return absl::InvalidArgumentError(absl::StrCat("zip: ", complaint));
}

absl::Status WrongMember(const ZipMember& member, absl::string_view complaint) {
  return Wrong(absl::StrCat("member \"",
                            absl::CHexEscape(member.name.substr(0, 128)),
                            "\": ", complaint));
}

struct Directory {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  uint64_t num_members = 0;
};

// The end record: the last in the file that its comment takes to the end.
absl::StatusOr<int64_t> FindEnd(ByteSource& bytes, std::string& tail) {
  const int64_t reach =
      static_cast<int64_t>(kEndBytes + kLocator64Bytes) + kCommentBytesMax;
  const int64_t begin = std::max<int64_t>(0, bytes.size_bytes() - reach);
  EMB_ASSIGN_OR_RETURN(tail, ReadText(bytes, begin, reach));
  for (size_t at = tail.size(); at >= kEndBytes; --at) {
    const size_t place = at - kEndBytes;
    if (absl::string_view(tail).substr(place, 4) == kEndMagic &&
        LittleEndian(tail, place + 20, 2) == tail.size() - at) {
      tail.erase(at);
      return begin + static_cast<int64_t>(place);
    }
  }
  return Wrong("no directory at the end: truncated, or not a zip file");
}

absl::StatusOr<Directory> ReadEnd64(ByteSource& bytes,
                                    absl::string_view locator) {
  const uint64_t offset = LittleEndian(locator, 8, 8);
  if (offset > static_cast<uint64_t>(bytes.size_bytes())) {
    return Wrong("the 64-bit end record is past the end of the file");
  }
  EMB_ASSIGN_OR_RETURN(
      const std::string end,
      ReadText(bytes, static_cast<int64_t>(offset), kEnd64Bytes));
  if (end.size() < kEnd64Bytes || !absl::StartsWith(end, kEnd64Magic)) {
    return Wrong("no 64-bit end record where one should be");
  }
  return Directory{.offset = LittleEndian(end, 48, 8),
                   .size_bytes = LittleEndian(end, 40, 8),
                   .num_members = LittleEndian(end, 32, 8)};
}

absl::StatusOr<Directory> FindDirectory(ByteSource& bytes) {
  std::string tail;
  EMB_ASSIGN_OR_RETURN(const int64_t end_offset, FindEnd(bytes, tail));
  const absl::string_view end =
      absl::string_view(tail).substr(tail.size() - kEndBytes);
  Directory directory = {.offset = LittleEndian(end, 16, 4),
                         .size_bytes = LittleEndian(end, 12, 4),
                         .num_members = LittleEndian(end, 10, 2)};
  absl::string_view before =
      absl::string_view(tail).substr(0, tail.size() - kEndBytes);
  if (before.size() >= kLocator64Bytes) {
    before.remove_prefix(before.size() - kLocator64Bytes);
    if (absl::StartsWith(before, kLocator64Magic)) {
      EMB_ASSIGN_OR_RETURN(directory, ReadEnd64(bytes, before));
    }
  }
  if (directory.size_bytes > ZipArchive::kDirectoryBytesMax) {
    return Wrong(absl::StrCat("a directory of ", directory.size_bytes,
                              " bytes, want at most ",
                              ZipArchive::kDirectoryBytesMax));
  }
  if (directory.offset > static_cast<uint64_t>(end_offset) ||
      directory.size_bytes > end_offset - directory.offset) {
    return Wrong("the directory reaches past its end record");
  }
  return directory;
}

// Replaces `value` by the next of `extension` if it says so.
bool Widen(uint64_t& value, absl::string_view& extension) {
  if (value != kIn64Bits) return true;
  if (extension.size() < 8) return false;
  value = LittleEndian(extension, 0, 8);
  extension.remove_prefix(8);
  return true;
}

// The content of the field of 64-bit sizes; empty: none.
absl::string_view Find64(absl::string_view fields) {
  while (fields.size() >= 4) {
    const uint64_t size = LittleEndian(fields, 2, 2);
    if (LittleEndian(fields, 0, 2) == 1) return fields.substr(4, size);
    fields.remove_prefix(std::min<size_t>(fields.size(), 4 + size));
  }
  return {};
}

absl::Status SetSizes(absl::string_view entry, absl::string_view fields,
                      int64_t data_end, ZipMember& member) {
  uint64_t packed = LittleEndian(entry, 20, 4);
  uint64_t size = LittleEndian(entry, 24, 4);
  uint64_t offset = LittleEndian(entry, 42, 4);
  absl::string_view extension = Find64(fields);
  if (!Widen(size, extension) || !Widen(packed, extension) ||
      !Widen(offset, extension)) {
    return WrongMember(member, "its 64-bit sizes are missing");
  }
  const auto end = static_cast<uint64_t>(data_end);
  if (offset > end || packed > end - offset) {
    return WrongMember(member,
                       absl::StrCat("bytes ", offset, " + ", packed,
                                    " are past the data, which end at ", end));
  }
  if (size > std::numeric_limits<int64_t>::max() ||
      (member.method == kStored && size != packed) ||
      (member.method == kDeflated && size / kDeflateRatioMax > packed)) {
    return WrongMember(member,
                       absl::StrCat(packed, " bytes do not unpack to ", size));
  }
  member.packed_bytes = static_cast<int64_t>(packed);
  member.size_bytes = static_cast<int64_t>(size);
  member.header_offset = static_cast<int64_t>(offset);
  return absl::OkStatus();
}

// Takes one entry off the front of `text`.
absl::StatusOr<ZipMember> ReadEntry(absl::string_view& text, int64_t data_end) {
  if (text.size() < kEntryBytes || !absl::StartsWith(text, kEntryMagic)) {
    return Wrong("the directory is damaged");
  }
  const size_t name_bytes = LittleEndian(text, 28, 2);
  const size_t field_bytes = LittleEndian(text, 30, 2);
  const size_t comment_bytes = LittleEndian(text, 32, 2);
  const size_t entry_bytes =
      kEntryBytes + name_bytes + field_bytes + comment_bytes;
  if (text.size() < entry_bytes) return Wrong("the directory is cut off");
  ZipMember member;
  member.name = std::string(text.substr(kEntryBytes, name_bytes));
  member.flags = static_cast<uint16_t>(LittleEndian(text, 8, 2));
  member.method = static_cast<uint16_t>(LittleEndian(text, 10, 2));
  member.crc = static_cast<uint32_t>(LittleEndian(text, 16, 4));
  EMB_RETURN_IF_ERROR(
      SetSizes(text, text.substr(kEntryBytes + name_bytes, field_bytes),
               data_end, member));
  text.remove_prefix(entry_bytes);
  return member;
}

// Members that share bytes are how small archives unpack to petabytes.
absl::Status CheckApart(const std::vector<ZipMember>& members,
                        int64_t data_end) {
  std::vector<const ZipMember*> in_order;
  in_order.reserve(members.size());
  for (const ZipMember& member : members) in_order.push_back(&member);
  std::sort(in_order.begin(), in_order.end(),
            [](const ZipMember* a, const ZipMember* b) {
              return a->header_offset < b->header_offset;
            });
  for (size_t i = 0; i < in_order.size(); ++i) {
    const ZipMember& member = *in_order[i];
    const int64_t end = member.header_offset +
                        static_cast<int64_t>(kLocalBytes + member.name.size()) +
                        member.packed_bytes;
    const bool last = i + 1 == in_order.size();
    if (end > (last ? data_end : in_order[i + 1]->header_offset)) {
      return WrongMember(
          member, absl::StrCat("overlaps ",
                               last ? "the directory" : "the next member"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ZipArchive> ZipArchive::Open(std::shared_ptr<ByteSource> bytes) {
  EMB_ASSIGN_OR_RETURN(const Directory directory, FindDirectory(*bytes));
  const auto data_end = static_cast<int64_t>(directory.offset);
  EMB_ASSIGN_OR_RETURN(
      const std::string text,
      ReadText(*bytes, data_end, static_cast<int64_t>(directory.size_bytes)));
  absl::string_view rest = text;
  std::vector<ZipMember> members;
  while (!rest.empty()) {
    EMB_ASSIGN_OR_RETURN(ZipMember member, ReadEntry(rest, data_end));
    members.push_back(std::move(member));
  }
  if (members.size() != directory.num_members) {
    return Wrong(
        absl::StrCat(members.size(), " members, want ", directory.num_members));
  }
  EMB_RETURN_IF_ERROR(CheckApart(members, data_end));
  return ZipArchive(std::move(bytes), std::move(members));
}

absl::StatusOr<const ZipMember*> ZipArchive::Find(
    absl::string_view name) const {
  const ZipMember* found = nullptr;
  for (const ZipMember& member : members_) {
    if (member.name != name) continue;
    if (found != nullptr) return WrongMember(member, "it is there twice");
    found = &member;
  }
  return found;
}

absl::StatusOr<std::shared_ptr<ByteSource>> ZipArchive::OpenMember(
    const ZipMember& member) const {
  if (member.flags & kEncrypted) return WrongMember(member, "encrypted");
  if (member.method != kStored && member.method != kDeflated) {
    return WrongMember(member,
                       absl::StrCat("packed by method ", member.method,
                                    ", want 0 (stored) or 8 (deflated)"));
  }
  EMB_ASSIGN_OR_RETURN(
      const std::string header,
      ReadText(*bytes_, member.header_offset, int64_t{kLocalBytes}));
  if (header.size() < kLocalBytes || !absl::StartsWith(header, kLocalMagic) ||
      LittleEndian(header, 8, 2) != member.method) {
    return WrongMember(member, "no header of it where the directory says");
  }
  const int64_t begin =
      member.header_offset +
      static_cast<int64_t>(kLocalBytes + LittleEndian(header, 26, 2) +
                           LittleEndian(header, 28, 2));
  if (begin > bytes_->size_bytes() - member.packed_bytes) {
    return WrongMember(member, "its data are past the end of the file");
  }
  std::shared_ptr<ByteSource> data =
      std::make_shared<PartBytes>(bytes_, begin, member.packed_bytes);
  if (member.method == kDeflated) {
    data = std::make_shared<InflatedBytes>(std::move(data), member.size_bytes);
  }
  return std::make_shared<CheckedBytes>(std::move(data), member.crc);
}

absl::Status ReadThrough(ByteSource& bytes) {
  std::vector<std::byte> step(1 << 20);
  int64_t at = 0;
  while (at < bytes.size_bytes()) {
    const auto part = absl::MakeSpan(step).first(
        std::min(step.size(), static_cast<size_t>(bytes.size_bytes() - at)));
    EMB_RETURN_IF_ERROR(bytes.ReadAt(at, part));
    at += static_cast<int64_t>(part.size());
  }
  return absl::OkStatus();
}

}  // namespace emb
