// One ImportTable call.
#ifndef EMB_SERVER_IMPORT_REACTOR_H_
#define EMB_SERVER_IMPORT_REACTOR_H_

#include <memory>

#include "absl/status/status.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "server/registry.h"
#include "server/table_manager.h"
#include "server/worker_pool.h"

namespace emb {

// Reads one message at a time and hands it to a worker pool, which asks for the
// next: a slow disk slows the caller down instead of filling memory. Rows are
// taken in the background pool; what is visible to lookups is not done there.
// Deletes itself when the call is over.
class ImportReactor final
    : public grpc::ServerReadReactor<embedding::v1::ImportTableRequest> {
 public:
  // Everything referred to outlives the call.
  ImportReactor(grpc::CallbackServerContext& context,
                embedding::v1::ImportTableResponse& response,
                TableManager& manager, const Registry& registry,
                WorkerPool& workers, WorkerPool& background);

  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  void Step(bool ok);
  absl::Status TakeMessage();
  absl::Status TakeHeader();
  absl::Status TakeData();
  absl::Status Complete();
  void End(const absl::Status& status);

  grpc::CallbackServerContext& context_;
  embedding::v1::ImportTableResponse& response_;
  TableManager& manager_;
  const Registry& registry_;
  WorkerPool& workers_;
  WorkerPool& background_;
  embedding::v1::ImportTableRequest message_;
  std::unique_ptr<TableManager::Import> import_;  // Set by the header.
};

}  // namespace emb

#endif  // EMB_SERVER_IMPORT_REACTOR_H_
