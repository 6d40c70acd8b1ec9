// Creates, imports, drops and loads tables: the one writer of the registry.
#ifndef EMB_SERVER_TABLE_MANAGER_H_
#define EMB_SERVER_TABLE_MANAGER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "core/mutex.h"
#include "core/table_spec.h"
#include "server/limits.h"
#include "server/memory_budget.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "server/table_writer.h"
#include "storage/table_store.h"

namespace emb {

// TableManager makes every change durable in the store, then visible in the
// registry, in one order: epochs are published as they are committed.
//
// Threads  Thread-safe. Its calls do disk work: never call it on an RPC
//          thread.
class TableManager {
 public:
  struct Dependencies {
    TableStore& store;
    Registry& registry;
    MemoryBudget& budget;
    Reclaimer& reclaimer;
    Limits limits;
    std::function<absl::Time()> now;
    int fill_threads = 1;  // That draw a large new table.
  };

  // Everything referred to outlives the manager and its imports.
  explicit TableManager(Dependencies dependencies);

  using TablePtr = std::shared_ptr<const ServedTable>;

  // Creates a table filled by spec.initializer. `cancelled` is asked now and
  // then; once it says true, the call gives up and leaves nothing.
  //
  // Errors   As MakeTableSpec; ALREADY_EXISTS; RESOURCE_EXHAUSTED; CANCELLED;
  //          as TableStore::Commit.
  absl::StatusOr<TablePtr> Create(const TableSpec& spec,
                                  const std::function<bool()>& cancelled);

  // An import in progress; destroyed before Finish, it leaves nothing.
  //
  // Threads  One thread at a time.
  class Import {
   public:
    ~Import();
    // As TableWriter::Append.
    absl::Status Append(absl::Span<const std::byte> bytes) {
      return writer_->Append(bytes);
    }
    int64_t offset() const { return writer_->offset(); }
    // Makes the table, or its next version, durable and visible. Call once.
    absl::StatusOr<TablePtr> Finish();

   private:
    friend class TableManager;
    Import(TableManager& manager, std::unique_ptr<TableWriter> writer,
           std::string name);
    TableManager& manager_;
    std::unique_ptr<TableWriter> writer_;
    const std::string name_;
  };

  // Begins the import of a new table or of the next version of one.
  //
  // Errors   As MakeTableSpec; FAILED_PRECONDITION  the name has another dim
  //          or dtype; ABORTED  another change of it is in progress;
  //          RESOURCE_EXHAUSTED.
  absl::StatusOr<std::unique_ptr<Import>> StartImport(const TableSpec& spec);

  // Errors   NOT_FOUND; ABORTED  a change of it is in progress; as
  //          TableStore::Commit.
  absl::Status Drop(const std::string& name);

 private:
  // Claims `name` for one change; Release gives it back.
  absl::Status Claim(const std::string& name, absl::StatusCode if_taken);
  void Release(const std::string& name);

  absl::StatusOr<TableSpec> CheckSpec(const TableSpec& spec) const;
  absl::Status CheckRoomForTable() const;
  absl::StatusOr<TablePtr> Publish(TableWriter& writer);

  const Dependencies deps_;

  // Held over Commit on purpose: commits must be published in their order.
  // Lookups never take it.
  Mutex commit_mutex_;

  mutable Mutex claims_mutex_;
  absl::flat_hash_set<std::string> claims_ ABSL_GUARDED_BY(claims_mutex_);
};

}  // namespace emb

#endif  // EMB_SERVER_TABLE_MANAGER_H_
