// Memory for blocks of one size.
#ifndef EMB_CORE_BLOCK_ARENA_H_
#define EMB_CORE_BLOCK_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace emb {

// BlockArena hands out zeroed blocks of equal size and frees them all at its
// end. Arenas of 16 MiB and more ask for huge pages: a gather of random rows
// through 4 KiB pages costs 1.3 to 1.6 times as much. Smaller ones do not, so
// that a thousand small tables do not cost 2 MiB each.
//
// Threads  One thread.
// Owns     Its memory; a block lives as long as the arena.
class BlockArena {
 public:
  // Blocks are spaced by block_bytes rounded up to 64.
  // REQUIRES: block_bytes >= 1, capacity >= 1.
  BlockArena(int64_t block_bytes, int64_t capacity);
  ~BlockArena();

  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;

  // The next block. REQUIRES: called at most `capacity` times.
  std::byte* Allocate();

  // Bytes of memory that such an arena takes, for deciding before anything is
  // allocated.
  static int64_t MemoryBytes(int64_t block_bytes, int64_t capacity);

 private:
  struct Segment {
    std::byte* begin = nullptr;
    int64_t bytes = 0;
  };

  const int64_t stride_;        // Bytes from one block to the next.
  const bool huge_;             // Mapped for huge pages, not allocated.
  int64_t segment_blocks_ = 0;  // Blocks in every segment but the last.
  int64_t next_block_ = 0;      // Blocks handed out so far.
  std::vector<Segment> segments_;
};

}  // namespace emb

#endif  // EMB_CORE_BLOCK_ARENA_H_
