// The time of one small lookup, beside a bare gRPC echo of the same bytes.
//
// Fair: the echo's request and answer have the sizes of ours to the byte, its
// answer is brought into one contiguous buffer as well, and its client waits
// as ours does. It parses nothing and looks nothing up.
#ifndef EMB_BENCH_PEERS_LATENCY_H_
#define EMB_BENCH_PEERS_LATENCY_H_

#include "absl/status/status.h"
#include "bench/peers/emb_client.h"
#include "bench/peers/measure.h"
#include "bench/peers/series.h"

namespace emb::bench {

// Adds "p50 unary" and "p50 echo", in microseconds: of Client::Lookup of 64
// ids, and of the echo_peer on `echo_port` of 127.0.0.1.
absl::Status MeasureLatency(const EmbTable& table, int echo_port,
                            const Pace& pace, NamedSeries& all);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_LATENCY_H_
