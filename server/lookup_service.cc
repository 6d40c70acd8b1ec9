#include "server/lookup_service.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/status_macros.h"
#include "server/call_state.h"
#include "server/lookup_plan.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

void Execute(const FeaturePlan& plan, pb::FeatureResult& result) {
  const VersionRecord& record = plan.table->record;
  result.mutable_shape()->Add(plan.shape.begin(), plan.shape.end());
  result.set_dtype(pb::DTYPE_FLOAT32);
  result.set_version(static_cast<uint64_t>(record.version));
  result.set_revision(static_cast<uint64_t>(record.revision));
  std::string& values = *result.mutable_values();
  values.resize(static_cast<size_t>(plan.values_bytes));
  plan.Execute({reinterpret_cast<std::byte*>(values.data()), values.size()});
  const std::vector<int64_t> lengths = plan.PaddedLengths();
  result.mutable_lengths()->Add(lengths.begin(), lengths.end());
  result.mutable_missing()->assign(plan.missing.begin(), plan.missing.end());
}

}  // namespace

absl::Status LookupService::Answer(const pb::LookupRequest& request,
                                   pb::LookupResponse& response) const {
  EMB_RETURN_IF_ERROR(registry_.CheckLoaded());
  // One snapshot per RPC: every feature sees the same epoch, however many
  // versions are published while this call runs.
  const auto snapshot = registry_.snapshot();
  EMB_ASSIGN_OR_RETURN(const LookupPlan plan,
                       PlanLookup(request, *snapshot, limits_));
  response.set_epoch(snapshot->epoch);
  response.set_request_id(request.request_id());
  for (const auto& feature : plan) {
    pb::FeatureResult& result = *response.add_results();
    if (feature.ok()) {
      Execute(*feature, result);
    } else {
      *result.mutable_status() = ToStatusProto(feature.status());
    }
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* LookupService::Lookup(
    grpc::CallbackServerContext* context, const pb::LookupRequest* request,
    pb::LookupResponse* response) {
  absl::Status status = CheckAlive(*context);
  if (status.ok()) status = Answer(*request, *response);
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

grpc::ServerBidiReactor<pb::LookupRequest, pb::LookupResponse>*
LookupService::LookupStream(grpc::CallbackServerContext* /*context*/) {
  // Refuses the whole stream.
  class Refusal final
      : public grpc::ServerBidiReactor<pb::LookupRequest, pb::LookupResponse> {
   public:
    Refusal() {
      Finish(ToGrpcStatus(absl::UnimplementedError(
          "LookupStream: this build does not have it; call Lookup")));
    }
    void OnDone() override { delete this; }
  };
  return new Refusal;
}

}  // namespace emb
