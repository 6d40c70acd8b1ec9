#include "bench/peers/emb_client.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bench/peers/peer.h"

namespace emb::bench {
namespace {

// Four answers of 2 MiB in flight on a busy machine are not an error.
constexpr absl::Duration kTimeout = absl::Seconds(30);

// Calls to one address share one connection in gRPC, whatever the number of
// clients, unless the address is spelled differently: 127.0.0.1:05123.
std::string SpellAnew(const std::string& server) {
  static std::atomic<size_t> num_spellings = 0;
  std::string spelled = server;
  spelled.insert(spelled.rfind(':') + 1, num_spellings++, '0');
  return spelled;
}

}  // namespace

absl::StatusOr<Client> ConnectAlone(const std::string& server) {
  ClientOptions options;
  options.server = SpellAnew(server);
  options.lookup_timeout = kTimeout;
  return Client::Connect(options);
}

LookupRequest RequestTo(const std::string& table) {
  LookupRequest request;
  request.features.resize(1);
  request.features[0].table = table;
  return request;
}

absl::StatusOr<absl::Span<const std::byte>> RowsOf(const LookupResult& result,
                                                   size_t num_ids) {
  const absl::Span<const std::byte> rows = result.feature(0).bytes;
  if (rows.size() == num_ids * kRowBytes) return rows;
  return absl::InvalidArgumentError(absl::StrCat(
      "the answer has ", rows.size(), " bytes, want ", num_ids * kRowBytes));
}

}  // namespace emb::bench
