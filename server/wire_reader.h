// Reads protobuf's wire format, field by field.
#ifndef EMB_SERVER_WIRE_READER_H_
#define EMB_SERVER_WIRE_READER_H_

#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace emb {

enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kFixed32 = 5,
};

// WireReader walks the fields of one message. After a failure it stays failed
// and reads zeros, so that a caller may ask once, at the end.
//
// Source   Protocol Buffers, "Encoding".
// Threads  One thread.
class WireReader {
 public:
  explicit WireReader(absl::string_view message) : rest_(message) {}

  bool ok() const { return ok_; }

  // Goes to the next field; false at the end of the message or on failure.
  bool Next() {
    if (!ok_ || rest_.empty()) return false;
    const uint64_t tag = Varint();
    number_ = static_cast<uint32_t>(tag >> 3);
    type_ = static_cast<WireType>(tag & 7);
    if (tag >> 32 != 0 || number_ == 0) Fail();
    return ok_;
  }

  uint32_t number() const { return number_; }

  // The current field's value, each to be called once for a field of its
  // type; another type fails.
  uint64_t UInt64() { return Is(WireType::kVarint) ? Varint() : 0; }
  int64_t Int64() { return static_cast<int64_t>(UInt64()); }
  // As generated code does, the upper half of a long enum or bool is cut.
  int Enum() { return static_cast<int>(UInt64()); }
  bool Bool() { return UInt64() != 0; }
  int64_t SFixed64() {
    int64_t value = 0;
    if (Is(WireType::kFixed64)) CopyFixed(&value, sizeof(value));
    return value;
  }
  absl::string_view Bytes() {
    return Is(WireType::kBytes) ? Take(Varint()) : absl::string_view();
  }

  // Passes the current field over; a group fails.
  void Skip() {
    switch (type_) {
      case WireType::kVarint:
        Varint();
        break;
      case WireType::kFixed64:
        Take(8);
        break;
      case WireType::kBytes:
        Bytes();
        break;
      case WireType::kFixed32:
        Take(4);
        break;
      default:
        Fail();
    }
  }

  // A varint that is no field of its own: an element of a packed field.
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }

  bool empty() const { return rest_.empty(); }
  void Fail() { ok_ = false; }

 private:
  bool Is(WireType type) {
    if (type_ != type) Fail();
    return ok_;
  }

  absl::string_view Take(uint64_t size) {
    if (size > rest_.size()) Fail();
    if (!ok_) return {};
    const absl::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  void CopyFixed(void* value, size_t size) {
    const absl::string_view bytes = Take(size);
    if (ok_) std::memcpy(value, bytes.data(), size);
  }

  absl::string_view rest_;
  uint32_t number_ = 0;
  WireType type_ = WireType::kVarint;
  bool ok_ = true;
};

}  // namespace emb

#endif  // EMB_SERVER_WIRE_READER_H_
