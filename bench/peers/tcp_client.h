// The caller of the bare TCP program.
//
// Fair, as a bound: one write a request, and the rows are read straight into
// the one buffer, which is used again for the next answer.
#ifndef EMB_BENCH_PEERS_TCP_CLIENT_H_
#define EMB_BENCH_PEERS_TCP_CLIENT_H_

#include <memory>

#include "bench/peers/peer.h"

namespace emb::bench {

// A tcp_peer on this port of 127.0.0.1.
std::unique_ptr<Peer> MakeTcpPeer(int port);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_TCP_CLIENT_H_
