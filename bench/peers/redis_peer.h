// Redis as a server of rows: one string of kRowBytes a row, its key the eight
// bytes of the id; a lookup is one MGET.
//
// Fair: keys and values are binary and as small as they can be, ids are sent
// without a copy of our own, requests leave as soon as they are made, and
// hiredis is told to keep its read buffer. A row that it hands out is an
// object of its own, so the rows are copied into one buffer, as every caller
// that computes with them must.
#ifndef EMB_BENCH_PEERS_REDIS_PEER_H_
#define EMB_BENCH_PEERS_REDIS_PEER_H_

#include <memory>

#include "bench/peers/peer.h"

namespace emb::bench {

// A Redis on this port of 127.0.0.1.
std::unique_ptr<Peer> MakeRedisPeer(int port);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_REDIS_PEER_H_
