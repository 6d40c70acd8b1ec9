// Creates, imports and drops tables.
#ifndef EMB_SERVER_TABLE_MANAGER_H_
#define EMB_SERVER_TABLE_MANAGER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "core/table_spec.h"
#include "server/committer.h"
#include "server/import_request.h"
#include "server/limits.h"
#include "server/memory_budget.h"
#include "server/name_claims.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "server/retention.h"
#include "server/swap_policy.h"
#include "server/table_writer.h"
#include "storage/table_store.h"

namespace emb {

// TableManager makes tables and drops them.
//
// Threads  Thread-safe. Its calls do disk work: never call it on an RPC
//          thread.
class TableManager {
 public:
  struct Dependencies {
    TableStore& store;
    const Registry& registry;
    Committer& committer;
    NameClaims& claims;
    MemoryBudget& budget;
    Reclaimer& reclaimer;
    Limits limits;
    Retention retention;
    SwapPolicy swap_policy;
    std::function<absl::Time()> now;
    int fill_threads = 1;  // That draw a large new table.
  };

  // Everything referred to outlives the manager and its imports.
  explicit TableManager(Dependencies dependencies);

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
    // As TableWriter::Append.
    absl::Status Append(absl::Span<const std::byte> bytes) {
      return writer_->Append(bytes);
    }
    int64_t offset() const { return writer_->offset(); }
    int64_t memory_bytes() const { return writer_->memory_bytes(); }
    // While nobody appends: another change of the table may have its name, by
    // calling `leave`, which destroys this import.
    void LeaveNameIfWanted(const std::function<void()>& leave) {
      claim_.LeaveIfWanted(leave);
    }
    void KeepName() { claim_.LeaveIfWanted(nullptr); }
    // Makes the table, or its next version, durable and, if it is in memory,
    // visible. Call once.
    absl::StatusOr<TablePtr> Finish();

   private:
    friend class TableManager;
    Import(TableManager& manager, NameClaims::Claim claim,
           std::unique_ptr<TableWriter> writer, bool publish)
        : manager_(manager),
          claim_(std::move(claim)),
          writer_(std::move(writer)),
          publish_(publish) {}

    TableManager& manager_;
    // Before the writer: what that wrote goes before the name is free.
    NameClaims::Claim claim_;
    std::unique_ptr<TableWriter> writer_;
    const bool publish_;
  };

  // Begins the import of a new table or of the next version of one, which
  // keeps what the request leaves open. Without request.publish that version is
  // kept, on disk only, and the current one stays; with
  // SwapPolicy::kUnloadFirst too, and it is for the caller to publish it
  // afterwards.
  //
  // Errors   As MakeTableSpec; FAILED_PRECONDITION  the name has another dim
  //          or dtype; ABORTED  another change of it is in progress;
  //          RESOURCE_EXHAUSTED.
  absl::StatusOr<std::unique_ptr<Import>> StartImport(
      const ImportRequest& request);

  // Removes a table with all its versions.
  //
  // Errors   NOT_FOUND; ABORTED  a change of it is in progress; as
  //          TableStore::Commit.
  absl::Status Drop(const std::string& name);

 private:
  absl::StatusOr<TableSpec> CheckSpec(const TableSpec& spec) const;
  absl::Status CheckRoomForTable(const Snapshot& snapshot) const;
  absl::Status CheckIsNew(const std::string& name) const;
  // What an import would make, of the tables that there are now.
  struct NextVersion {
    TableSpec spec;
    int64_t version = 1;
    bool publish = true;
    TableWriter::Keep keep = TableWriter::Keep::kInMemory;
  };
  absl::StatusOr<NextVersion> PlanImport(const ImportRequest& request) const;
  // Commits what the writer made, as the next version of its table.
  absl::StatusOr<TablePtr> Add(TableWriter& writer, bool publish);

  const Dependencies deps_;
};

}  // namespace emb

#endif  // EMB_SERVER_TABLE_MANAGER_H_
