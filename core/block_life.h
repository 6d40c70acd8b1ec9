// When blocks that an update has replaced may be used again.
#ifndef EMB_CORE_BLOCK_LIFE_H_
#define EMB_CORE_BLOCK_LIFE_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "core/block_arena.h"

namespace emb {

// Tables that were made from each other form a chain, and each holds the
// BlockLife of its place in it:
//
//   table 1        table 2        table 3
//     |              |              |
//   life 1 ------> life 2 ------> life 3
//
// Life k holds the blocks that table k has and table k + 1 has replaced. An
// older table may read them too: so a life is held by the one before it, and
// ends when no table up to k is left. Then its blocks go back to the arena.
//
// Threads  Retire: one thread, before the next table is seen by others. Ends
//          in whatever thread lets go of it last.
class BlockLife {
 public:
  explicit BlockLife(std::shared_ptr<BlockArena> arena)
      : arena_(std::move(arena)) {}
  ~BlockLife();

  BlockLife(const BlockLife&) = delete;
  BlockLife& operator=(const BlockLife&) = delete;

  // Begins the life of the next table, which has replaced these blocks.
  // REQUIRES: called once.
  std::shared_ptr<BlockLife> Retire(std::vector<const std::byte*> blocks);

 private:
  const std::shared_ptr<BlockArena> arena_;
  std::vector<const std::byte*> retired_;
  std::shared_ptr<BlockLife> next_;
};

}  // namespace emb

#endif  // EMB_CORE_BLOCK_LIFE_H_
