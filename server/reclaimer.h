// Frees tables on a thread of its own.
#ifndef EMB_SERVER_RECLAIMER_H_
#define EMB_SERVER_RECLAIMER_H_

#include <memory>
#include <thread>

#include "core/table.h"
#include "server/memory_budget.h"

namespace emb {

// Reclaimer hands out shared tables whose memory is given back on its thread,
// so that the last reader of a dropped table, which may be answering a
// lookup, does not unmap gigabytes.
//
// Threads  Thread-safe.
class Reclaimer {
 public:
  Reclaimer();
  // Frees what was let go of so far and stops. Tables let go of later are
  // freed where that happens.
  ~Reclaimer();

  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  // `reservation` is held until the table has been freed.
  std::shared_ptr<const Table> Share(std::unique_ptr<const Table> table,
                                     MemoryBudget::Reservation reservation);
  // One that was made of a table that has a reservation.
  std::shared_ptr<const Table> Share(std::unique_ptr<const Table> table);

 private:
  struct Queue;

  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace emb

#endif  // EMB_SERVER_RECLAIMER_H_
