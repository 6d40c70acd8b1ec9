// The calls of a server, one virtual method each: what Client stands on, and
// what a test of a caller replaces.
#ifndef EMB_CONNECTION_H_
#define EMB_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "emb/lookup_result.h"
#include "emb/lookup_stream.h"
#include "emb/types.h"

namespace emb {

// Where the rows of an import come from: fills `buffer` with the next bytes,
// row-major little-endian elements, and returns how many (0: the end).
using RowSource =
    std::function<absl::StatusOr<size_t>(absl::Span<std::byte> buffer)>;

// The next version of a table keeps its padding_idx, max_norm and norm_type
// where TableOptions leaves them unset.
struct ImportOptions {
  // Keep the values given for the padding row instead of zeroing it.
  bool keep_padding_row = false;
  // False: the version is made, but the current one stays current.
  bool publish = true;
  // Do not keep them: the next version has none.
  bool no_padding_idx = false;
  bool no_max_norm = false;
  // Called after each part with the bytes sent so far; may be empty.
  std::function<void(int64_t bytes_sent)> progress;
  // The import fails when no part gets through for this long.
  absl::Duration stall_timeout = absl::Seconds(60);
  // Begins the rows anew, the same ones. With it an import goes on where it
  // was when a connection breaks, or is silent for a third of stall_timeout;
  // without it, that is its end.
  std::function<absl::StatusOr<RowSource>()> restart;
  // Asked ten times a second until the last part is sent; may be empty. Once it
  // says true, the import ends as CANCELLED and the server keeps nothing of it.
  std::function<bool()> cancelled;
};

// Where the rows of an export go. An error of either ends it.
struct ExportSink {
  // Called once, before the rows: what comes, with its version and revision.
  std::function<absl::Status(const TableInfo& table)> begin;
  // Called with the next bytes: float32, little-endian, row-major, whatever the
  // table's dtype; whole rows.
  std::function<absl::Status(absl::Span<const std::byte> rows)> rows;
};

struct ExportOptions {
  // 0: the current version or, if none is published, the newest.
  uint64_t version = 0;
  // Called after each part with the bytes taken so far; may be empty.
  std::function<void(int64_t bytes)> progress;
  // The export fails when no part arrives for this long.
  absl::Duration stall_timeout = absl::Seconds(60);
  // How often a broken connection is made anew, if nothing came since the last
  // time.
  int retries = 5;
};

// Takes the answer to a LookupAsync.
using LookupDone = std::function<void(absl::StatusOr<LookupResult>)>;

// Threads  Implementations are thread-safe.
class Connection {
 public:
  virtual ~Connection() = default;

  virtual absl::StatusOr<LookupResult> Lookup(const LookupRequest& request,
                                              absl::Duration timeout) = 0;
  virtual absl::StatusOr<LookupResult> LookupInto(const LookupRequest& request,
                                                  absl::Span<std::byte> buffer,
                                                  absl::Duration timeout) = 0;
  // Calls `done` exactly once; see Client::LookupAsync.
  virtual void LookupAsync(LookupRequest request, LookupDone done,
                           absl::Duration timeout) = 0;
  virtual std::unique_ptr<LookupStream> OpenLookupStream(
      absl::Duration timeout) = 0;
  virtual absl::StatusOr<TableInfo> CreateTable(const TableOptions& options,
                                                absl::Duration timeout) = 0;
  virtual absl::StatusOr<TableInfo> GetTable(const std::string& name,
                                             absl::Duration timeout) = 0;
  virtual absl::StatusOr<std::vector<TableInfo>> ListTables(
      absl::Duration timeout) = 0;
  virtual absl::Status DropTable(const std::string& name,
                                 absl::Duration timeout) = 0;
  virtual absl::StatusOr<TableInfo> ImportTable(
      const TableOptions& options, const ImportOptions& import_options,
      const RowSource& rows) = 0;
  virtual absl::StatusOr<TableInfo> ExportTable(
      const std::string& name, const ExportOptions& export_options,
      const ExportSink& sink) = 0;
  virtual absl::StatusOr<std::vector<TableInfo>> ListVersions(
      const std::string& name, absl::Duration timeout) = 0;
  virtual absl::StatusOr<std::vector<TableInfo>> PublishVersions(
      const std::vector<TableVersion>& versions, absl::Duration timeout) = 0;
  virtual absl::StatusOr<TableInfo> RollbackTable(const std::string& name,
                                                  absl::Duration timeout) = 0;
  virtual absl::StatusOr<TableInfo> PinVersion(const TableVersion& version,
                                               bool pinned,
                                               absl::Duration timeout) = 0;
  virtual absl::StatusOr<UpsertOutcome> UpsertRows(
      const std::vector<RowValues>& updates, const std::string& request_id,
      absl::Duration timeout) = 0;
  virtual absl::StatusOr<BackupInfo> Backup(const std::string& name,
                                            const BackupOptions& options,
                                            absl::Duration timeout) = 0;
  virtual absl::StatusOr<std::vector<BackupInfo>> ListBackups(
      const std::string& name, absl::Duration timeout) = 0;
  virtual absl::StatusOr<RestoredTables> Restore(const std::string& name,
                                                 int64_t id,
                                                 absl::Duration timeout) = 0;
  virtual absl::StatusOr<VerifyResult> Verify(int64_t bytes_per_second,
                                              absl::Duration timeout) = 0;
  virtual absl::StatusOr<ServerStatus> GetStatus(absl::Duration timeout) = 0;
  // OK: the data listener (and `service`, if not empty) is serving.
  virtual absl::Status CheckHealth(const std::string& service,
                                   absl::Duration timeout) = 0;
};

}  // namespace emb

#endif  // EMB_CONNECTION_H_
