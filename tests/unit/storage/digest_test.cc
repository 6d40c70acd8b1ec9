#include "storage/digest.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

struct Shape {
  int64_t num_rows;
  int64_t dim;
  DType dtype = DType::kFloat32;
};

// Hands `rows` over in pieces of `piece` bytes.
std::string HexDigest(const Shape& shape, const std::string& rows,
                      size_t piece = 1 << 20) {
  TableDigester digester(shape.num_rows, shape.dim, shape.dtype);
  for (size_t begin = 0; begin < rows.size(); begin += piece) {
    const size_t size = std::min(piece, rows.size() - begin);
    digester.Update(absl::MakeConstSpan(
        reinterpret_cast<const std::byte*>(rows.data()) + begin, size));
  }
  return DigestToHex(digester.Finish());
}

std::string CountingBytes(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

// The expected values are those of xxhsum 0.8.1, given what digest.h says is
// hashed:
//   printf '\x03\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x01\0\x01\x02\x03\x04\x05
//     \x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16
//     \x17' | xxhsum -H2                                  (all in one line)
//   (printf '\xe8\x03\0\0\0\0\0\0\x7d\0\0\0\0\0\0\0\x01';
//     yes embedding | head -c 500000) | xxhsum -H2
TEST(TableDigester, AgreesWithXxhsum) {
  EXPECT_EQ(HexDigest({.num_rows = 3, .dim = 2}, CountingBytes(24)),
            "b7b2a159cb0c5b781d0d2a513a6fde5f");
  std::string rows;
  while (rows.size() < 500'000) rows += "embedding\n";
  EXPECT_EQ(HexDigest({.num_rows = 1'000, .dim = 125}, rows),
            "7a08de366d6b4a9582008d19a4afeb04");
}

TEST(TableDigester, IsTheSameHoweverTheRowsAreCut) {
  const std::string rows = CountingBytes(1'200);
  const std::string whole = HexDigest({.num_rows = 100, .dim = 3}, rows);
  for (const size_t piece : {1, 3, 12, 255, 256, 257, 1'199}) {
    EXPECT_EQ(HexDigest({.num_rows = 100, .dim = 3}, rows, piece), whole)
        << piece;
  }
}

TEST(TableDigester, DependsOnShapeTypeAndEveryByte) {
  const std::string rows = CountingBytes(24);
  const std::string digest = HexDigest({.num_rows = 3, .dim = 2}, rows);
  EXPECT_NE(HexDigest({.num_rows = 2, .dim = 3}, rows), digest);
  EXPECT_NE(HexDigest({.num_rows = 3, .dim = 4}, rows), digest);
  EXPECT_NE(HexDigest({3, 2, DType::kFloat16}, rows), digest);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string changed = rows;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(HexDigest({.num_rows = 3, .dim = 2}, changed), digest) << i;
  }
}

TEST(TableDigester, MayBeAskedInBetween) {
  TableDigester digester(3, 2, DType::kFloat32);
  const Digest empty = digester.Finish();
  EXPECT_EQ(digester.Finish(), empty);
  const std::vector<std::byte> rows(24);
  digester.Update(rows);
  EXPECT_NE(digester.Finish(), empty);
}

TEST(DigestToHex, KeepsLeadingZerosAndOrder) {
  Digest digest = {};
  digest[0] = 0x0a;
  digest[15] = 0xff;
  EXPECT_EQ(DigestToHex(digest), "0a0000000000000000000000000000ff");
}

}  // namespace
}  // namespace emb
