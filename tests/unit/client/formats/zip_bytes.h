// The bytes of zip archives, good and bad.
#ifndef EMB_TESTS_UNIT_CLIENT_FORMATS_ZIP_BYTES_H_
#define EMB_TESTS_UNIT_CLIENT_FORMATS_ZIP_BYTES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "zlib.h"

namespace emb {

inline std::string LittleEndianBytes(uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  }
  return bytes;
}

// A raw deflate stream.
inline std::string Deflate(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// A member as the archive is to have it; what is not set follows `content`.
struct ZipEntry {
  std::string name;
  std::string content = {};
  bool deflated = false;
  uint16_t flags = 0;
  int method = -1;
  int64_t size_bytes = -1;    // As claimed,
  int64_t packed_bytes = -1;  // in the directory.
  int64_t header_offset = -1;
  bool bad_crc = false;
  bool in_64_bits = false;
};

// Gathers members, then the directory.
class ZipBuilder {
 public:
  ZipBuilder& Add(const ZipEntry& entry) {
    const std::string data =
        entry.deflated ? Deflate(entry.content) : entry.content;
    const int method = entry.method >= 0 ? entry.method : entry.deflated * 8;
    const auto crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()),
              static_cast<uInt>(entry.content.size())));
    const auto offset = entry.header_offset >= 0
                            ? static_cast<uint64_t>(entry.header_offset)
                            : bytes_.size();
    const auto or_else = [](int64_t claimed, size_t real) {
      return claimed >= 0 ? static_cast<uint64_t>(claimed) : real;
    };
    const uint64_t packed = or_else(entry.packed_bytes, data.size());
    const uint64_t size = or_else(entry.size_bytes, entry.content.size());
    const std::string common =
        LittleEndianBytes(entry.flags, 2) + LittleEndianBytes(method, 2) +
        std::string(4, '\0') + LittleEndianBytes(crc ^ entry.bad_crc, 4);
    bytes_ += "PK\x03\x04" + LittleEndianBytes(45, 2) + common +
              LittleEndianBytes(data.size(), 4) +
              LittleEndianBytes(entry.content.size(), 4) +
              LittleEndianBytes(entry.name.size(), 2) +
              LittleEndianBytes(0, 2) + entry.name + data;
    std::string field;
    if (entry.in_64_bits) {
      field = LittleEndianBytes(1, 2) + LittleEndianBytes(24, 2) +
              LittleEndianBytes(size, 8) + LittleEndianBytes(packed, 8) +
              LittleEndianBytes(offset, 8);
    }
    const uint64_t mask = entry.in_64_bits ? ~uint64_t{0} : 0;
    directory_ += "PK\x01\x02" + LittleEndianBytes(45, 2) +
                  LittleEndianBytes(45, 2) + common +
                  LittleEndianBytes(packed | mask, 4) +
                  LittleEndianBytes(size | mask, 4) +
                  LittleEndianBytes(entry.name.size(), 2) +
                  LittleEndianBytes(field.size(), 2) + std::string(10, '\0') +
                  LittleEndianBytes(offset | mask, 4) + entry.name + field;
    ++num_members_;
    return *this;
  }

  std::string Finish(const std::string& comment = "") const {
    return bytes_ + directory_ + "PK\x05\x06" + std::string(4, '\0') +
           LittleEndianBytes(num_members_, 2) +
           LittleEndianBytes(num_members_, 2) +
           LittleEndianBytes(directory_.size(), 4) +
           LittleEndianBytes(bytes_.size(), 4) +
           LittleEndianBytes(comment.size(), 2) + comment;
  }

  // With the records of archives beyond 4 GiB.
  std::string Finish64() const {
    const std::string counts = LittleEndianBytes(num_members_, 8) +
                               LittleEndianBytes(num_members_, 8) +
                               LittleEndianBytes(directory_.size(), 8) +
                               LittleEndianBytes(bytes_.size(), 8);
    const std::string none(16, '\xFF');
    return bytes_ + directory_ + "PK\x06\x06" + LittleEndianBytes(44, 8) +
           std::string(12, '\0') + counts + "PK\x06\x07" +
           std::string(4, '\0') +
           LittleEndianBytes(bytes_.size() + directory_.size(), 8) +
           LittleEndianBytes(1, 4) + "PK\x05\x06" + std::string(4, '\0') +
           none.substr(0, 12) + std::string(2, '\0');
  }

 private:
  std::string bytes_;
  std::string directory_;
  uint64_t num_members_ = 0;
};

}  // namespace emb

#endif  // EMB_TESTS_UNIT_CLIENT_FORMATS_ZIP_BYTES_H_
