// Work that takes only the CPU time that nobody else wants.
#ifndef EMB_SERVER_IDLE_PRIORITY_H_
#define EMB_SERVER_IDLE_PRIORITY_H_

#include "absl/functional/function_ref.h"

namespace emb {

// From now on the calling thread, and every thread that it starts, gives way to
// all others (SCHED_IDLE; where that is forbidden, nice 19), and leaves one CPU
// of several alone: on two that are busy with idle threads lookups wait for
// milliseconds all the same. There is no way back without privileges. Such a
// thread may wait for long in the middle of anything: it must not hold a lock
// that a lookup takes.
void EnterIdlePriority();

// From now on the calling thread gets a tenth of what others get where they
// want the same CPU (nice 10): it may hold a lock that changes take.
void EnterLowPriority();

// Runs `work` to its end on a thread of idle priority.
// Cost     The start of a thread.
void RunAtIdlePriority(absl::FunctionRef<void()> work);

}  // namespace emb

#endif  // EMB_SERVER_IDLE_PRIORITY_H_
