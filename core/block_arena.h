// Memory for blocks of one size.
#ifndef EMB_CORE_BLOCK_ARENA_H_
#define EMB_CORE_BLOCK_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/mutex.h"

namespace emb {

// BlockArena hands out blocks of equal size, takes them back, and frees all of
// them at its end. Arenas of 16 MiB and more ask for huge pages: a gather of
// random rows through 4 KiB pages costs 1.3 to 1.6 times as much. Smaller ones
// do not, so that a thousand small tables do not cost 2 MiB each.
//
// Threads  Thread-safe.
// Owns     Its memory; a block lives as long as the arena.
class BlockArena {
 public:
  // Makes room for `capacity` blocks at once, spaced by block_bytes rounded up
  // to 64.
  // REQUIRES: block_bytes >= 1, capacity >= 1.
  BlockArena(int64_t block_bytes, int64_t capacity);
  ~BlockArena();

  BlockArena(const BlockArena&) = delete;
  BlockArena& operator=(const BlockArena&) = delete;

  // A block that was freed, with what was in it, or else a new one, zeroed.
  // Beyond its capacity the arena grows, by a sixteenth or so at a time.
  std::byte* Allocate();

  // Takes back a block of Allocate, which nobody reads any more.
  void Free(const std::byte* block);

  // Bytes of memory that it takes.
  int64_t bytes() const;

  // By how much it grows if so many blocks are allocated.
  int64_t GrowthBytes(int64_t blocks) const;

  // Lets go of `owner` once the memory has been freed.
  void KeepUntilFreed(std::shared_ptr<const void> owner);

  // Bytes of memory that such an arena takes, for deciding before anything is
  // allocated.
  static int64_t MemoryBytes(int64_t block_bytes, int64_t capacity);

 private:
  struct Segment {
    std::byte* begin = nullptr;
    int64_t bytes = 0;
    int64_t blocks = 0;
  };

  void AddSegment(int64_t blocks) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t stride_;         // Bytes from one block to the next.
  const bool huge_;              // Mapped for huge pages, not allocated.
  const int64_t growth_blocks_;  // In a segment beyond the capacity.

  // What is let go of last.
  std::vector<std::shared_ptr<const void>> owners_ ABSL_GUARDED_BY(mutex_);

  mutable Mutex mutex_;
  std::vector<Segment> segments_ ABSL_GUARDED_BY(mutex_);
  // The next new block: its segment, and its number in it.
  size_t segment_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_block_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::byte*> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_CORE_BLOCK_ARENA_H_
