#include "client/src/lookup_channels.h"

#include <utility>

#include "client/src/grpc_lookup_stream.h"
#include "client/src/lookup_call.h"

namespace emb {

LookupChannels::Entry::Entry(const std::string& address,
                             const ChannelSecurity& security, ChannelUse use,
                             grpc::GenericStub* any)
    : channel(MakeChannel(address, security, use)),
      stub(channel),
      stubs{stub, any},
      async(stubs, address) {}

LookupChannels::LookupChannels(const std::string& address, int num_channels,
                               const ChannelSecurity& security, bool retry)
    : address_(address) {
  const bool several = MayNameSeveral(address);
  if (several && retry) {
    any_ = std::make_unique<grpc::GenericStub>(MakeChannel(address, security));
  }
  const ChannelUse use = {.serving_only = several, .retry = retry};
  for (int i = 0; i < num_channels; ++i) {
    entries_.push_back(
        std::make_unique<Entry>(address, security, use, any_.get()));
  }
}

LookupChannels::Entry& LookupChannels::Next() {
  return *entries_[next_.fetch_add(1, std::memory_order_relaxed) %
                   entries_.size()];
}

absl::StatusOr<LookupResult> LookupChannels::Lookup(
    const LookupRequest& request, std::optional<absl::Span<std::byte>> memory,
    Deadline deadline) {
  return CallLookup(Next().stubs, address_, request, deadline, memory);
}

void LookupChannels::LookupAsync(LookupRequest request, LookupDone done,
                                 Deadline deadline) {
  Next().async.Start(std::move(request), std::move(done), deadline);
}

std::unique_ptr<LookupStream> LookupChannels::OpenStream(
    absl::Duration timeout) {
  return MakeGrpcLookupStream(Next().channel, address_, timeout);
}

}  // namespace emb
