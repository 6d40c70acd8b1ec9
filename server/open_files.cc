#include "server/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"

namespace emb {
namespace {

absl::Status SystemError(const char* call) {
  return absl::InternalError(absl::StrCat(
      call, " of open files: ", std::generic_category().message(errno)));
}

}  // namespace

absl::StatusOr<uint64_t> ChooseOpenFiles(OpenFileLimits limits) {
  const uint64_t most = std::max(limits.soft, limits.hard);
  if (most >= kOpenFilesMin) return most;
  return absl::FailedPreconditionError(absl::StrCat(
      "open files: the limit is ", most, ", want ", kOpenFilesMin,
      " or more: ulimit -n, LimitNOFILE= of systemd, --ulimit nofile of "
      "Docker"));
}

absl::Status RaiseOpenFiles() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return SystemError("getrlimit");
  EMB_ASSIGN_OR_RETURN(const uint64_t wanted,
                       ChooseOpenFiles({limit.rlim_cur, limit.rlim_max}));
  if (wanted == limit.rlim_cur) return absl::OkStatus();
  limit.rlim_cur = wanted;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return SystemError("setrlimit");
  return absl::OkStatus();
}

}  // namespace emb
