#include "client/src/grpc_lookup_stream.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "client/src/assemble_answer.h"
#include "client/src/lookup_call.h"
#include "client/src/split_answer.h"
#include "client/src/status_from_grpc.h"
#include "client/src/stream_call.h"

namespace emb {
namespace {

constexpr char kLookupStream[] = "/embedding.v1.EmbeddingService/LookupStream";
// A stream that ends this often without an answer in between is given up: after
// the first, at once, a server has a while to be gone, and another to be there.
constexpr int kReopensMax = 5;
constexpr absl::Duration kFirstPause = absl::Milliseconds(10);

class GrpcLookupStream final : public LookupStream {
 public:
  GrpcLookupStream(std::shared_ptr<grpc::Channel> channel, std::string address,
                   absl::Duration timeout)
      : address_(std::move(address)),
        timeout_(timeout),
        stub_(std::move(channel)),
        call_(Open(StreamCall::Connecting::kFailFast)) {}

  absl::Status Send(const LookupRequest& request) override {
    if (!lost_.ok()) return lost_;
    const auto deadline = Deadline();
    in_flight_.push_back({request, SerialiseLookup(request, next_id_++)});
    absl::Status status = call_->Write(in_flight_.back().message, deadline);
    while (absl::IsUnavailable(status) && reopens_ < kReopensMax) {
      status = Reopen(deadline);
    }
    return status.ok() ? status : Lose(std::move(status));
  }

  absl::StatusOr<LookupResult> Receive() override {
    if (!lost_.ok()) return lost_;
    if (in_flight_.empty()) {
      return absl::FailedPreconditionError(
          "no lookup is in flight, send one first");
    }
    const auto deadline = Deadline();
    absl::Status received = ReceiveParts(deadline);
    while (absl::IsUnavailable(received) && reopens_ < kReopensMax) {
      received = Reopen(deadline);
      if (received.ok()) received = ReceiveParts(deadline);
    }
    if (!received.ok()) return Lose(std::move(received));
    reopens_ = 0;
    const std::vector<SplitAnswer> parts = std::exchange(parts_, {});
    const LookupRequest request = std::move(in_flight_.front().request);
    in_flight_.pop_front();
    const auto& response = parts.front().response();
    if (response.status().code() != 0) {
      return StatusFromProto(response.status());
    }
    return AssembleAnswer(parts, request);
  }

  bool AwaitAnswer(absl::Duration timeout) override {
    // Nothing to wait for: Receive says so.
    if (!lost_.ok() || in_flight_.empty()) return true;
    const StreamCall::Deadline deadline =
        absl::ToChronoTime(absl::Now() + timeout);
    while (!HasAllParts()) {
      if (!call_->AwaitMessage(deadline)) return false;
      // The call is over, or an answer is wrong: Receive mends it, or says so.
      if (!call_->has_message() || !ReceivePart(deadline).ok()) return true;
    }
    return true;
  }

  size_t in_flight() const override { return in_flight_.size(); }

 private:
  struct InFlight {
    LookupRequest request;
    grpc::ByteBuffer message;
  };

  // What was sent is not known any more: a later answer could be taken for
  // that of another request. So there is none.
  absl::Status Lose(absl::Status status) {
    in_flight_.clear();
    lost_ = std::move(status);
    return lost_;
  }

  StreamCall::Deadline Deadline() const {
    return absl::ToChronoTime(absl::Now() + timeout_);
  }

  std::unique_ptr<StreamCall> Open(StreamCall::Connecting connecting) {
    return std::make_unique<StreamCall>(stub_, kLookupStream, address_,
                                        connecting);
  }

  // Begins again, with all that has no answer yet.
  absl::Status Reopen(StreamCall::Deadline deadline) {
    // 0, 10, 20, 40, 80 ms.
    if (reopens_ > 0) {
      const absl::Duration left = absl::FromChrono(deadline) - absl::Now();
      absl::SleepFor(std::min(kFirstPause * (1 << (reopens_ - 1)), left));
    }
    ++reopens_;
    parts_.clear();
    failed_ = absl::OkStatus();
    call_ = Open(StreamCall::Connecting::kWait);
    for (const InFlight& request : in_flight_) {
      absl::Status status = call_->Write(request.message, deadline);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  bool HasAllParts() const {
    return !parts_.empty() && !parts_.back().response().more_parts();
  }

  // The next part of the oldest answer. A failure stays until Reopen.
  absl::Status ReceivePart(StreamCall::Deadline deadline) {
    if (!failed_.ok()) return failed_;
    auto message = call_->Read(deadline);
    if (!message.ok()) return failed_ = message.status();
    auto part = SplitAnswer::Split(*message);
    if (!part.ok()) return failed_ = part.status();
    parts_.push_back(*std::move(part));
    return absl::OkStatus();
  }

  absl::Status ReceiveParts(StreamCall::Deadline deadline) {
    while (!HasAllParts()) {
      absl::Status status = ReceivePart(deadline);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  const std::string address_;
  const absl::Duration timeout_;
  grpc::GenericStub stub_;
  std::unique_ptr<StreamCall> call_;
  std::deque<InFlight> in_flight_;
  // What has come of the oldest answer.
  std::vector<SplitAnswer> parts_;
  absl::Status failed_;  // Why no more of it comes.
  uint64_t next_id_ = 1;
  int reopens_ = 0;  // Since the last answer.
  absl::Status lost_;
};

}  // namespace

std::unique_ptr<LookupStream> MakeGrpcLookupStream(
    std::shared_ptr<grpc::Channel> channel, std::string address,
    absl::Duration timeout) {
  return std::make_unique<GrpcLookupStream>(std::move(channel),
                                            std::move(address), timeout);
}

}  // namespace emb
