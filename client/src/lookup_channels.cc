#include "client/src/lookup_channels.h"

#include <utility>

#include "client/src/grpc_lookup_stream.h"
#include "client/src/lookup_call.h"

namespace emb {

LookupChannels::Entry::Entry(const std::string& address,
                             const ChannelSecurity& security)
    : channel(MakeChannel(address, security)),
      stub(channel),
      async(stub, address) {}

LookupChannels::LookupChannels(const std::string& address, int num_channels,
                               const ChannelSecurity& security)
    : address_(address) {
  for (int i = 0; i < num_channels; ++i) {
    entries_.push_back(std::make_unique<Entry>(address, security));
  }
}

LookupChannels::Entry& LookupChannels::Next() {
  return *entries_[next_.fetch_add(1, std::memory_order_relaxed) %
                   entries_.size()];
}

absl::StatusOr<LookupResult> LookupChannels::Lookup(
    const LookupRequest& request, std::optional<absl::Span<std::byte>> memory,
    Deadline deadline) {
  return CallLookup(Next().stub, address_, request, deadline, memory);
}

void LookupChannels::LookupAsync(LookupRequest request, LookupDone done,
                                 Deadline deadline) {
  Next().async.Start(std::move(request), std::move(done), deadline);
}

std::unique_ptr<LookupStream> LookupChannels::OpenStream(
    absl::Duration timeout) {
  return MakeGrpcLookupStream(Next().channel, address_, timeout);
}

const std::shared_ptr<grpc::Channel>& LookupChannels::channel() const {
  return entries_.front()->channel;
}

}  // namespace emb
