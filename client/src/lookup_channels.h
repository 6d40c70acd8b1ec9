// Lookups over a small pool of channels.
#ifndef EMB_CLIENT_SRC_LOOKUP_CHANNELS_H_
#define EMB_CLIENT_SRC_LOOKUP_CHANNELS_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/src/async_lookups.h"
#include "client/src/lookup_call.h"
#include "client/src/make_channel.h"
#include "emb/connection.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"

namespace emb {

// LookupChannels gives each lookup and each stream the next channel in turn.
// A channel is a TCP connection of its own (one per server, if the address
// names several).
//
// Threads  Thread-safe.
class LookupChannels {
 public:
  using Deadline = std::chrono::system_clock::time_point;

  // REQUIRES: num_channels >= 1.
  LookupChannels(const std::string& address, int num_channels,
                 const ChannelSecurity& security, bool retry);

  // `memory` as AssembleAnswer takes it.
  absl::StatusOr<LookupResult> Lookup(
      const LookupRequest& request, std::optional<absl::Span<std::byte>> memory,
      Deadline deadline);
  // As AsyncLookups::Start.
  void LookupAsync(LookupRequest request, LookupDone done, Deadline deadline);
  std::unique_ptr<LookupStream> OpenStream(absl::Duration timeout);

 private:
  struct Entry {
    Entry(const std::string& address, const ChannelSecurity& security,
          ChannelUse use, grpc::GenericStub* any);

    std::shared_ptr<grpc::Channel> channel;
    grpc::GenericStub stub;
    const LookupStubs stubs;
    AsyncLookups async;  // Last: the first to go.
  };

  Entry& Next();

  const std::string address_;
  std::unique_ptr<grpc::GenericStub> any_;  // Null: see LookupStubs.
  std::vector<std::unique_ptr<Entry>> entries_;
  std::atomic<size_t> next_ = 0;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_LOOKUP_CHANNELS_H_
