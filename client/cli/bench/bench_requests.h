// The requests of a load, made before it begins.
#ifndef EMB_CLIENT_CLI_BENCH_BENCH_REQUESTS_H_
#define EMB_CLIENT_CLI_BENCH_BENCH_REQUESTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/bench/bench_options.h"

namespace emb {

// Errors   INVALID_ARGUMENT  an id of the trace is in none of the tables, or a
//                            table has no rows; names it.
absl::Status CheckIds(const BenchOptions& options,
                      const std::vector<int64_t>& table_rows);

// Requests that a run asks again and again, in turn, since to draw ids while
// it measures would cost the client more than to ask: a million ids in all, or
// the whole trace, and at least 16 requests.
//
// REQUIRES: table_rows[i] >= 1 are the rows of options.tables[i], and CheckIds
//           is OK.
std::vector<LookupRequest> MakeBenchRequests(
    const BenchOptions& options, const std::vector<int64_t>& table_rows);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_BENCH_BENCH_REQUESTS_H_
