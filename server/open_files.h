// How many files and connections the process may have open.
#ifndef EMB_SERVER_OPEN_FILES_H_
#define EMB_SERVER_OPEN_FILES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace emb {

// Below this a server is refused: RocksDB keeps its files open, every caller
// has a connection, and a listener that runs out of descriptors stops
// listening without a word.
constexpr uint64_t kOpenFilesMin = 8'192;

// As getrlimit has them; RLIM_INFINITY is the largest number.
struct OpenFileLimits {
  uint64_t soft = 0;
  uint64_t hard = 0;
};

// What the soft limit should become: the hard one, which no privilege is
// needed for.
//
// Errors   FAILED_PRECONDITION  that is less than kOpenFilesMin.
absl::StatusOr<uint64_t> ChooseOpenFiles(OpenFileLimits limits);

// Sets the soft limit of this process. Call once, at the start.
//
// Errors   As ChooseOpenFiles; INTERNAL  the system refuses.
absl::Status RaiseOpenFiles();

}  // namespace emb

#endif  // EMB_SERVER_OPEN_FILES_H_
