// One ExportTable call.
#ifndef EMB_SERVER_EXPORT_REACTOR_H_
#define EMB_SERVER_EXPORT_REACTOR_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "grpcpp/alarm.h"
#include "server/registry.h"
#include "server/version_manager.h"
#include "server/worker_pool.h"
#include "storage/digest.h"

namespace emb {

// Holds one version and writes its rows one message at a time: the caller's
// pace is that of the call. A caller that takes nothing for `idle_timeout` is
// given up, so that what updates replaced meanwhile can be freed. Deletes
// itself when the call is over.
class ExportReactor final
    : public grpc::ServerWriteReactor<embedding::v1::ExportTableResponse> {
 public:
  // Everything referred to outlives the call.
  ExportReactor(grpc::CallbackServerContext& context,
                const embedding::v1::ExportTableRequest& request,
                VersionManager& versions, const Registry& registry,
                WorkerPool& background, absl::Duration idle_timeout);

  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  // The call, as long as there is one; shared with the alarm, whose reaction
  // may come later.
  struct Caller {
    Mutex mutex;
    grpc::CallbackServerContext* context ABSL_GUARDED_BY(mutex);
    bool given_up ABSL_GUARDED_BY(mutex) = false;
  };

  void Begin();
  absl::Status WriteHeader();
  void WriteRows();
  void WriteEnd();
  // Writes message_.
  void Send();
  absl::Status WhyCancelled();
  void End(const absl::Status& status);

  grpc::CallbackServerContext& context_;
  const embedding::v1::ExportTableRequest& request_;
  VersionManager& versions_;
  const Registry& registry_;
  WorkerPool& background_;
  const absl::Duration idle_timeout_;

  const std::shared_ptr<Caller> caller_ = std::make_shared<Caller>();
  std::optional<grpc::Alarm> alarm_;

  TablePtr table_;  // Set by WriteHeader.
  int64_t next_row_ = 0;
  bool ended_ = false;  // The last message has been written.
  StreamHash hash_;     // Of the rows written so far.
  embedding::v1::ExportTableResponse message_;
};

}  // namespace emb

#endif  // EMB_SERVER_EXPORT_REACTOR_H_
