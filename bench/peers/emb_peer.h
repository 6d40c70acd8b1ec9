// embedding-server, asked by emb::Client in its two ways.
//
// Fair to the peers: it is what a user of the client library gets. Each answer
// comes in a buffer of its own, and ids are copied into each request.
#ifndef EMB_BENCH_PEERS_EMB_PEER_H_
#define EMB_BENCH_PEERS_EMB_PEER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "bench/peers/emb_client.h"
#include "bench/peers/peer.h"

namespace emb::bench {

// "unary": Client::Lookup. A call waits for its answer, so several in flight
// need as many threads. Holds its rows already: Store() refuses.
std::unique_ptr<Peer> MakeUnaryPeer(const EmbTable& table);

// "stream": LookupStream, from one thread. Store() refuses.
std::unique_ptr<Peer> MakeStreamPeer(const EmbTable& table);

// Reads all rows of the table and stores them in each of `peers`, so that all
// have the same bytes.
//
// Errors   INVALID_ARGUMENT  the table is not kNumRows x kDim float32.
absl::Status CopyRows(const EmbTable& table, absl::Span<Peer* const> peers);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_EMB_PEER_H_
