// Little-endian fields of stored records, written and read one by one.
#ifndef EMB_STORAGE_BYTE_CODEC_H_
#define EMB_STORAGE_BYTE_CODEC_H_

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace emb {

// Appends `value` in `kBytes` bytes, lowest first.
template <int kBytes = 8>
void AppendLittleEndian(uint64_t value, std::string& out) {
  for (int i = 0; i < kBytes; ++i) {
    out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
  }
}

// The number in the bytes of `text`, lowest first.
// REQUIRES: text.size() <= 8.
inline uint64_t LoadLittleEndian(absl::string_view text) {
  uint64_t value = 0;
  for (size_t i = text.size(); i > 0; --i) {
    value = (value << 8) | static_cast<uint8_t>(text[i - 1]);
  }
  return value;
}

// Builds a record.
class ByteWriter {
 public:
  void PutU8(uint8_t value) { AppendLittleEndian<1>(value, bytes_); }
  void PutU64(uint64_t value) { AppendLittleEndian<8>(value, bytes_); }
  void PutI64(int64_t value) { PutU64(static_cast<uint64_t>(value)); }
  void PutDouble(double value) { PutU64(std::bit_cast<uint64_t>(value)); }
  void PutBytes(absl::string_view bytes) {
    bytes_.append(bytes.data(), bytes.size());
  }
  // REQUIRES: text.size() < 65,536.
  void PutText(absl::string_view text) {
    assert(text.size() <= std::numeric_limits<uint16_t>::max());
    AppendLittleEndian<2>(text.size(), bytes_);
    PutBytes(text);
  }

  std::string Take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Takes a record apart. A read past the end gives zero or an empty text and
// clears ok(), which is therefore tested once, after the last field.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : bytes_(bytes) {}

  uint8_t GetU8() { return static_cast<uint8_t>(GetNumber(1)); }
  uint64_t GetU64() { return GetNumber(8); }
  int64_t GetI64() { return static_cast<int64_t>(GetU64()); }
  double GetDouble() { return std::bit_cast<double>(GetU64()); }
  absl::string_view GetBytes(size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const absl::string_view bytes = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return bytes;
  }
  absl::string_view GetText() {
    return GetBytes(static_cast<size_t>(GetNumber(2)));
  }

  // No read went past the end.
  bool ok() const { return ok_; }
  // Bytes not read yet.
  size_t num_left() const { return bytes_.size(); }

 private:
  uint64_t GetNumber(size_t count) { return LoadLittleEndian(GetBytes(count)); }

  absl::string_view bytes_;
  bool ok_ = true;
};

}  // namespace emb

#endif  // EMB_STORAGE_BYTE_CODEC_H_
