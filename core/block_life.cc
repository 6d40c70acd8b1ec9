#include "core/block_life.h"

#include <cassert>

namespace emb {

BlockLife::~BlockLife() {
  for (const std::byte* const block : retired_) arena_->Free(block);
  // A loop, no recursion: a reader may have held a table through a million
  // updates. Nobody can take a new reference to a life that only we hold.
  while (next_ != nullptr && next_.use_count() == 1) {
    std::shared_ptr<BlockLife> after = std::move(next_->next_);
    next_ = std::move(after);
  }
}

std::shared_ptr<BlockLife> BlockLife::Retire(
    std::vector<const std::byte*> blocks) {
  assert(next_ == nullptr);
  retired_ = std::move(blocks);
  next_ = std::make_shared<BlockLife>(arena_);
  return next_;
}

}  // namespace emb
