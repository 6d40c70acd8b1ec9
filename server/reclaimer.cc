#include "server/reclaimer.h"

#include <utility>
#include <vector>

#include "core/mutex.h"

namespace emb {
namespace {

using OwnedTable = std::unique_ptr<const Table>;

}  // namespace

struct Reclaimer::Queue {
  // Takes the table, or leaves it to the caller if the thread has stopped.
  void Push(OwnedTable& table) {
    MutexLock lock(mutex);
    if (stopped) return;
    garbage.push_back(std::move(table));
    changed.NotifyOne();
  }

  // Frees until stopped and empty.
  void Run() {
    bool running = true;
    while (running) {
      std::vector<OwnedTable> batch;
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
  std::vector<OwnedTable> garbage ABSL_GUARDED_BY(mutex);
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
  table->KeepWithMemory(
      std::make_shared<MemoryBudget::Reservation>(std::move(reservation)));
  return Share(std::move(table));
}

std::shared_ptr<const Table> Reclaimer::Share(
    std::unique_ptr<const Table> table) {
  return {table.release(), [queue = queue_](const Table* garbage) {
            OwnedTable last(garbage);
            queue->Push(last);
          }};
}

}  // namespace emb
