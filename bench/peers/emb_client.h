// What all ways of asking embedding-server share: a client, a request, and a
// check of the answer.
#ifndef EMB_BENCH_PEERS_EMB_CLIENT_H_
#define EMB_BENCH_PEERS_EMB_CLIENT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "emb/client.h"

namespace emb::bench {

struct EmbTable {
  std::string server;  // HOST:PORT
  std::string name;
};

// A client whose connection no other client shares.
absl::StatusOr<Client> ConnectAlone(const std::string& server);

// For the rows of ids to come.
LookupRequest RequestTo(const std::string& table);

// The rows in an answer to `num_ids` ids.
//
// Errors   INVALID_ARGUMENT  they are not num_ids rows of kRowBytes.
absl::StatusOr<absl::Span<const std::byte>> RowsOf(const LookupResult& result,
                                                   size_t num_ids);

}  // namespace emb::bench

#endif  // EMB_BENCH_PEERS_EMB_CLIENT_H_
