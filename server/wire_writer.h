// Appends fields in protobuf's wire format.
#ifndef EMB_SERVER_WIRE_WRITER_H_
#define EMB_SERVER_WIRE_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emb {

// The bytes of a message as the generated class would serialise it, if fields
// are appended in the order of their numbers: proto3's defaults (0, empty) are
// left out.
//
// Source   Protocol Buffers, "Encoding".
// Threads  One thread.
class WireWriter {
 public:
  // Appends to `out`, which outlives the writer.
  explicit WireWriter(std::string& out) : out_(out) {}

  void UInt64(int number, uint64_t value) {
    if (value == 0) return;
    Varint(static_cast<uint64_t>(number) << 3);
    Varint(value);
  }

  // A packed repeated int64.
  void PackedInt64(int number, absl::Span<const int64_t> values) {
    if (values.empty()) return;
    uint64_t bytes = 0;
    for (const int64_t value : values) {
      bytes += VarintBytes(static_cast<uint64_t>(value));
    }
    BytesHeader(number, bytes);
    for (const int64_t value : values) Varint(static_cast<uint64_t>(value));
  }

  void Bytes(int number, absl::string_view value) {
    if (value.empty()) return;
    Message(number, value);
  }

  // A message field, serialised; there even if it is empty.
  void Message(int number, absl::string_view value) {
    BytesHeader(number, value.size());
    out_.append(value.data(), value.size());
  }

  // What stands before `size` bytes that somebody else writes.
  void BytesHeader(int number, uint64_t size) {
    constexpr uint64_t kBytes = 2;
    Varint(static_cast<uint64_t>(number) << 3 | kBytes);
    Varint(size);
  }

 private:
  static uint64_t VarintBytes(uint64_t value) {
    uint64_t bytes = 1;
    for (; value >= 0x80; value >>= 7) ++bytes;
    return bytes;
  }

  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      out_.push_back(static_cast<char>(value | 0x80));
    }
    out_.push_back(static_cast<char>(value));
  }

  std::string& out_;
};

}  // namespace emb

#endif  // EMB_SERVER_WIRE_WRITER_H_
