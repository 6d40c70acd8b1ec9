// Imports whose connection broke, for as long as they may go on.
#ifndef EMB_SERVER_IMPORT_PARK_H_
#define EMB_SERVER_IMPORT_PARK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "embedding/v1/admin.pb.h"
#include "server/memory_budget.h"
#include "server/table_manager.h"
#include "server/worker_pool.h"
#include "storage/digest.h"

namespace emb {

// An import between two calls, or of one.
struct Upload {
  std::string header;  // As it was sent: a call that goes on sends the same.
  std::unique_ptr<TableManager::Import> import;  // Null: not begun.
  StreamHash hash;                               // Of what came so far.
  bool publish = true;
  // Set: it is done, this came of it, and nobody has it.
  std::optional<embedding::v1::TableInfo> done = {};
};

// How far an upload is.
struct UploadProgress {
  int64_t offset = 0;  // Bytes that came.
  std::optional<embedding::v1::TableInfo> done = {};
};

// ImportPark keeps an upload whose call ended too early, by the id that its
// caller gave it: until a call goes on with it, another change wants its table
// or its memory, its caller gives it up, or nobody came for `patience`. For as
// long it remembers what came of those that are done.
//
// Threads  Thread-safe. What it drops is disk work: never call it on an RPC
//          thread.
class ImportPark {
 public:
  // REQUIRES: `workers`, on which uploads are dropped, and `budget`, whose
  // spare memory they are, outlive it.
  ImportPark(WorkerPool& workers, MemoryBudget& budget,
             absl::Duration patience);
  // Drops all.
  ~ImportPark();

  ImportPark(const ImportPark&) = delete;
  ImportPark& operator=(const ImportPark&) = delete;

  // The upload of that id, to go on, or a new one. Until Park, Finish or End
  // the id is taken, and `end_call`, which must not wait, may be called:
  // another call wants the upload.
  //
  // Errors   UNAVAILABLE       a call has it, and was told to end: its
  //                            connection broke, but it does not know;
  //          INVALID_ARGUMENT  it began with another header.
  absl::StatusOr<std::unique_ptr<Upload>> Begin(const std::string& id,
                                                const std::string& header,
                                                std::function<void()> end_call);
  // The call ended too early.
  void Park(const std::string& id, std::unique_ptr<Upload> upload);
  // The upload is done, and so is its call.
  void Finish(const std::string& id, const std::string& header,
              const embedding::v1::TableInfo& table);
  // The call ended, and nothing is left of it.
  void End(const std::string& id);

  // How far it is, for a caller who wants to go on. Not disk work.
  //
  // Errors   NOT_FOUND; UNAVAILABLE  as Begin.
  absl::StatusOr<UploadProgress> Find(const std::string& id);
  // Its caller does not want to go on. Errors as Find.
  absl::Status Drop(const std::string& id);

 private:
  struct State;

  WorkerPool& workers_;
  MemoryBudget& budget_;
  const absl::Duration patience_;
  // Shared with timers, whose reactions may come when this object is gone.
  const std::shared_ptr<State> state_;
};

}  // namespace emb

#endif  // EMB_SERVER_IMPORT_PARK_H_
