// One ImportTable call.
#ifndef EMB_SERVER_IMPORT_REACTOR_H_
#define EMB_SERVER_IMPORT_REACTOR_H_

#include <atomic>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "grpcpp/alarm.h"
#include "server/authorizer.h"
#include "server/import_park.h"
#include "server/registry.h"
#include "server/table_manager.h"
#include "server/version_manager.h"
#include "server/worker_pool.h"

namespace emb {

// Reads one message at a time and hands it to a worker pool, which asks for the
// next: a slow disk slows the caller down instead of filling memory. Rows are
// taken in the background pool; what is visible to lookups is not done there. A
// caller that sends nothing for `idle_timeout` is given up, so that its memory
// and the table's name are free again. One whose connection breaks may go on
// where it was, if it gave its upload an id. Deletes itself when the call is
// over.
class ImportReactor final
    : public grpc::ServerReadReactor<embedding::v1::ImportTableRequest> {
 public:
  struct Dependencies {
    TableManager& manager;
    VersionManager& versions;
    const Registry& registry;
    ImportPark& park;
    WorkerPool& workers;
    WorkerPool& background;
    absl::Duration idle_timeout;
  };

  // Everything referred to outlives the call.
  ImportReactor(grpc::CallbackServerContext& context,
                embedding::v1::ImportTableResponse& response, Caller caller,
                const Dependencies& dependencies);

  void OnReadDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  // One message that is waited for, or its absence for too long: the first to
  // take the turn has it.
  struct Turn {
    std::atomic<bool> taken = false;
  };

  void AwaitMessage();
  // Returns when whoever began the wait has let go of the call. Its end may
  // follow: a message can come before that.
  void AwaitBegin();
  void Step(bool ok);
  void GiveUp();
  absl::Status TakeMessage();
  absl::Status TakeHeader();
  absl::Status TakeData();
  absl::Status TakeEnd();
  absl::Status Complete();
  void End(const absl::Status& status);
  void Leave(bool done);

  grpc::CallbackServerContext& context_;
  embedding::v1::ImportTableResponse& response_;
  const Caller caller_;
  const Dependencies deps_;

  // Held while a wait begins, so that nothing ends the call before it has.
  Mutex mutex_;
  std::optional<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
  // Shared with the alarm, whose reaction may come when the call is over.
  std::shared_ptr<Turn> turn_;

  embedding::v1::ImportTableRequest message_;
  std::unique_ptr<Upload> upload_;  // Set by the header, with its import.
  std::string upload_id_;           // So is this; empty: none was given.
  bool ended_ = false;              // The last message has come.
  bool broken_ = false;             // The call ended, the import need not.
};

}  // namespace emb

#endif  // EMB_SERVER_IMPORT_REACTOR_H_
