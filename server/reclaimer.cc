#include "server/reclaimer.h"

#include <utility>
#include <vector>

#include "core/mutex.h"

namespace emb {
namespace {

// The reservation comes first: it goes last.
struct OwnedTable {
  MemoryBudget::Reservation reservation;
  std::unique_ptr<const Table> table;
};

}  // namespace

struct Reclaimer::Queue {
  // Takes the table, or leaves it to the caller if the thread has stopped.
  void Push(std::unique_ptr<OwnedTable>& table) {
    MutexLock lock(mutex);
    if (stopped) return;
    garbage.push_back(std::move(table));
    changed.NotifyOne();
  }

  // Frees until stopped and empty.
  void Run() {
    bool running = true;
    while (running) {
      std::vector<std::unique_ptr<OwnedTable>> batch;
      {
        MutexLock lock(mutex);
        while (garbage.empty() && !stopped) changed.Wait(mutex);
        batch.swap(garbage);
        running = !stopped;
      }
    }
  }

  Mutex mutex;
  CondVar changed;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  std::vector<std::unique_ptr<OwnedTable>> garbage ABSL_GUARDED_BY(mutex);
};

Reclaimer::Reclaimer()
    : queue_(std::make_shared<Queue>()),
      thread_([queue = queue_] { queue->Run(); }) {}

Reclaimer::~Reclaimer() {
  {
    MutexLock lock(queue_->mutex);
    queue_->stopped = true;
    queue_->changed.NotifyOne();
  }
  thread_.join();
}

std::shared_ptr<const Table> Reclaimer::Share(
    std::unique_ptr<const Table> table, MemoryBudget::Reservation reservation) {
  auto owned = std::make_unique<OwnedTable>();
  owned->reservation = std::move(reservation);
  owned->table = std::move(table);
  const Table* const rows = owned->table.get();
  const std::shared_ptr<OwnedTable> owner(
      owned.release(), [queue = queue_](OwnedTable* garbage) {
        std::unique_ptr<OwnedTable> last(garbage);
        queue->Push(last);
      });
  return {owner, rows};
}

}  // namespace emb
