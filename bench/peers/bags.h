// Pooled bags: combined by the server, or by a caller that fetches the rows.
#ifndef EMB_BENCH_PEERS_BAGS_H_
#define EMB_BENCH_PEERS_BAGS_H_

#include "absl/status/status.h"
#include "bench/peers/emb_client.h"
#include "bench/peers/measure.h"
#include "bench/peers/series.h"

namespace emb::bench {

// Adds "bags/s N server" and "bags/s N caller" for N = 32 and 256 bags of 32
// ids in a lookup, summed, one connection, unary.
//
// Fair: both ask by emb::Client for the same bags, and the caller adds rows up
// in a compiled loop, in the order of the bag.
//
// Errors   DATA_LOSS  the first sums of the two differ in a bit.
absl::Status MeasureBags(const EmbTable& table, const Pace& pace,
                         NamedSeries& all);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_BAGS_H_
