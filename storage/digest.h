// The digest of a table: equal for equal tables.
#ifndef EMB_STORAGE_DIGEST_H_
#define EMB_STORAGE_DIGEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/dtype.h"

namespace emb {

// XXH3-128 in its canonical (big-endian) form.
using Digest = std::array<uint8_t, 16>;

// 32 lower-case hexadecimal digits.
std::string DigestToHex(const Digest& digest);

// XXH3-128 of bytes that stream by.
//
// Threads  One thread.
class StreamHash {
 public:
  StreamHash();
  ~StreamHash();

  // Appends bytes, cut anywhere.
  void Update(absl::Span<const std::byte> bytes);
  void Update(absl::string_view text) {
    Update({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  }

  Digest Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// XXH3-64 of bytes that go over a wire.
uint64_t WireChecksum(absl::Span<const std::byte> bytes);

// Computes a table's digest from its rows as they stream by: XXH3-128 over
// num_rows (8 bytes), dim (8 bytes), dtype (1 byte), all little-endian, then
// the row bytes in order. Independent of chunks, versions and generations.
//
// Threads  One thread.
class TableDigester {
 public:
  TableDigester(int64_t num_rows, int64_t dim, DType dtype);

  // Appends row bytes, cut anywhere.
  void Update(absl::Span<const std::byte> rows) { hash_.Update(rows); }

  Digest Finish() const { return hash_.Finish(); }

 private:
  StreamHash hash_;
};

}  // namespace emb

#endif  // EMB_STORAGE_DIGEST_H_
