// A queue in which no caller's work waits for all of another's.
#ifndef EMB_SERVER_ADMISSION_FAIR_QUEUE_H_
#define EMB_SERVER_ADMISSION_FAIR_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace emb {

// FairQueue serves callers in turn, by what their items cost, and each caller's
// items in order: deficit round robin.
//
// Source   Shreedhar and Varghese, "Efficient fair queueing using deficit round
//          robin", 1995, section 3.
// Threads  Thread-compatible.
template <typename Item>
class FairQueue {
 public:
  // In each round a caller may spend `quantum`, and what it saved while an item
  // was dearer than that. REQUIRES: quantum >= 1.
  explicit FairQueue(int64_t quantum) : quantum_(quantum) {}

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void Push(const std::string& caller, int64_t cost, Item item) {
    auto& lane = lanes_[caller];
    if (lane == nullptr) {
      turns_.push_back({caller, {}, 0});
      lane = &turns_.back();
    }
    lane->items.push_back({cost, std::move(item)});
    ++size_;
  }

  // The next item; nullopt: there is none.
  // Cost     O(cost of an item / quantum) turns of each caller that waits.
  std::optional<Item> Pop() {
    if (empty()) return std::nullopt;
    while (turns_.front().items.front().cost > turns_.front().saved) {
      turns_.front().saved += quantum_;
      if (turns_.front().items.front().cost <= turns_.front().saved) break;
      turns_.splice(turns_.end(), turns_, turns_.begin());
    }
    Lane& lane = turns_.front();
    lane.saved -= lane.items.front().cost;
    Item item = std::move(lane.items.front().item);
    lane.items.pop_front();
    --size_;
    if (lane.items.empty()) {
      Remove(turns_.begin());
    } else if (lane.items.front().cost > lane.saved) {
      turns_.splice(turns_.end(), turns_, turns_.begin());
    }
    return item;
  }

  // The newest item of the caller that has most items, if it has more than
  // `caller` would have with one more: what to give up for that one.
  // Cost     O(callers that wait).
  std::optional<Item> TakeFromLongest(const std::string& caller) {
    auto longest = turns_.end();
    size_t most = 0;
    for (auto lane = turns_.begin(); lane != turns_.end(); ++lane) {
      if (lane->items.size() <= most) continue;
      most = lane->items.size();
      longest = lane;
    }
    const auto own = lanes_.find(caller);
    const size_t mine = own == lanes_.end() ? 0 : own->second->items.size();
    if (most <= mine + 1) return std::nullopt;
    Item item = std::move(longest->items.back().item);
    longest->items.pop_back();
    --size_;
    return item;
  }

 private:
  struct Entry {
    int64_t cost;
    Item item;
  };
  // One caller's. Never empty between calls.
  struct Lane {
    std::string caller;
    std::deque<Entry> items;
    int64_t saved;
  };

  void Remove(typename std::list<Lane>::iterator lane) {
    lanes_.erase(lane->caller);
    turns_.erase(lane);
  }

  const int64_t quantum_;
  size_t size_ = 0;
  std::list<Lane> turns_;  // Whose turn it is first.
  absl::flat_hash_map<std::string, Lane*> lanes_;
};

}  // namespace emb

#endif  // EMB_SERVER_ADMISSION_FAIR_QUEUE_H_
