// The data plane: answers lookups from the registry's snapshot.
#ifndef EMB_SERVER_LOOKUP_SERVICE_H_
#define EMB_SERVER_LOOKUP_SERVICE_H_

#include "absl/status/status.h"
#include "embedding/v1/lookup.grpc.pb.h"
#include "server/limits.h"
#include "server/registry.h"

namespace emb {

// Threads  Thread-safe. No call blocks: lookups read memory only.
class LookupService final
    : public embedding::v1::EmbeddingService::CallbackService {
 public:
  // `registry` outlives the service.
  LookupService(const Registry& registry, const Limits& limits)
      : registry_(registry), limits_(limits) {}

  // Fills `response`, which is unspecified on error. The RPC without gRPC.
  absl::Status Answer(const embedding::v1::LookupRequest& request,
                      embedding::v1::LookupResponse& response) const;

  grpc::ServerUnaryReactor* Lookup(
      grpc::CallbackServerContext* context,
      const embedding::v1::LookupRequest* request,
      embedding::v1::LookupResponse* response) override;

  grpc::ServerBidiReactor<embedding::v1::LookupRequest,
                          embedding::v1::LookupResponse>*
  LookupStream(grpc::CallbackServerContext* context) override;

 private:
  const Registry& registry_;
  const Limits limits_;
};

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_SERVICE_H_
