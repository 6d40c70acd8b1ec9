#include "core/block_arena.h"

#include <cstdint>
#include <cstring>
#include <set>

#include "gtest/gtest.h"

namespace emb {
namespace {

TEST(BlockArena, BlocksAreZeroedAlignedAndDisjoint) {
  constexpr int64_t kMiB = int64_t{1} << 20;
  const struct {
    const char* name;
    int64_t block_bytes;
    int64_t capacity;
  } cases[] = {
      {"one byte", 1, 3},
      {"not a multiple of a cache line", 100, 1'000},
      {"just below a huge arena", 16 << 10, 1'023},
      {"huge, several segments", 16 << 10, 70 * kMiB / (16 << 10)},
      {"huge, odd blocks", 9'600, 20 * kMiB / 9'600},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    BlockArena arena(c.block_bytes, c.capacity);
    std::set<std::byte*> begins;
    for (int64_t i = 0; i < c.capacity; ++i) {
      std::byte* const block = arena.Allocate();
      ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0U);
      ASSERT_EQ(block[0], std::byte{0});
      ASSERT_EQ(block[c.block_bytes - 1], std::byte{0});
      // A neighbour that overlaps would find this when it is checked.
      std::memset(block, 0xFF, static_cast<size_t>(c.block_bytes));
      ASSERT_TRUE(begins.insert(block).second);
    }
  }
}

TEST(BlockArena, MemoryBytesCountsTheRounding) {
  EXPECT_EQ(BlockArena::MemoryBytes(64, 10), 640);
  EXPECT_EQ(BlockArena::MemoryBytes(65, 10), 1'280);
}

}  // namespace
}  // namespace emb
