// The data plane: answers lookups from the registry's snapshot.
#ifndef EMB_SERVER_LOOKUP_SERVICE_H_
#define EMB_SERVER_LOOKUP_SERVICE_H_

#include <memory>
#include <vector>

#include "core/mutex.h"
#include "embedding/v1/lookup.grpc.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/admission/in_flight.h"
#include "server/admission/lookup_executor.h"
#include "server/authorizer.h"
#include "server/limits.h"
#include "server/lookup_reactor.h"
#include "server/lookup_record.h"
#include "server/metrics/call_metrics.h"
#include "server/metrics/lookup_metrics.h"
#include "server/published.h"
#include "server/registry.h"

namespace emb {

// Both calls are registered raw: messages come and go as the bytes of the wire.
//
// Threads  Thread-safe. No call blocks: lookups read memory only. Where they
// are
//          answered, LookupExecutor decides.
class LookupService final
    : public embedding::v1::EmbeddingService::WithRawCallbackMethod_Lookup<
          embedding::v1::EmbeddingService::WithRawCallbackMethod_LookupStream<
              embedding::v1::EmbeddingService::Service>> {
 public:
  struct Dependencies {
    const Registry& registry;
    const Published<Limits>& limits;
    InFlight& in_flight;
    LookupExecutor& executor;
    LookupMetrics& metrics;
    MethodMetrics& lookup_calls;
    MethodMetrics& stream_calls;
    LookupLog& log;
    const Authorizer& authorizer;
  };

  // Everything referred to outlives the service.
  explicit LookupService(const Dependencies& dependencies)
      : deps_(dependencies) {}

  // Ends streams as soon as they have answered what they are at; those that
  // open later, at once.
  void Drain();

  grpc::ServerUnaryReactor* Lookup(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* LookupStream(
      grpc::CallbackServerContext* context) override;

 private:
  const Dependencies deps_;

  Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::weak_ptr<LookupReactor>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_SERVICE_H_
