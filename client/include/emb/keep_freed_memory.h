// Spares a process that receives many answers the cost of handing memory back
// to the kernel.
#ifndef EMB_KEEP_FREED_MEMORY_H_
#define EMB_KEEP_FREED_MEMORY_H_

#include "absl/status/status.h"

namespace emb {

// Tells glibc's malloc to keep freed memory for the next answer. By default it
// gives large buffers that an answer was read into back to the kernel and gets
// them again, page by page, with another one. How often depends on the sizes
// and threads of the whole process, so measure first: `embctl bench` tells the
// client's CPU time with and without (--keep-freed-memory). That program alone,
// on four connections, sees a third to a tenth of the madvise calls, of which
// there were 15 to 65 in 1,000 lookups, and no difference in CPU time beyond
// the noise.
//
// Call once, from main(): it changes malloc for the whole process, which is
// why the client never does it by itself. What it sets is
//
//   mallopt(M_TRIM_THRESHOLD, 128 MiB); mallopt(M_MMAP_THRESHOLD, 32 MiB);
//
// and the same without a call is GLIBC_TUNABLES in the environment, with these
// two and a colon between them:
//
//   glibc.malloc.trim_threshold=134217728
//   glibc.malloc.mmap_threshold=33554432
//
// Errors   UNIMPLEMENTED  malloc is not glibc's, or refuses: nothing changed,
//                         or not all of it. Other allocators, such as
//                         jemalloc, have settings of their own.
// Threads  Thread-safe, as mallopt is.
// Cost     Memory: up to 128 MiB that are free stay in the process, for each
//          of malloc's arenas that ever held as much.
absl::Status KeepFreedMemory();

}  // namespace emb

#endif  // EMB_KEEP_FREED_MEMORY_H_
