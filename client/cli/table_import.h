// The import of one table from one file.
#ifndef EMB_CLIENT_CLI_TABLE_IMPORT_H_
#define EMB_CLIENT_CLI_TABLE_IMPORT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/session.h"
#include "client/cli/table_flags.h"
#include "client/cli/token_file.h"
#include "client/formats/row_reader.h"
#include "client/formats/table_file.h"
#include "emb/types.h"
#include "nlohmann/json.hpp"

namespace emb {

// What is asked for.
struct ImportJob {
  TableFlags table;
  std::string file;
  std::string tokens;
  ReadOptions read;
  bool dtype_given = false;
  bool keep_padding_row = false;
  bool no_publish = false;
  bool no_padding_idx = false;
  bool no_max_norm = false;
};

// Which file it is, and of when.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t size_bytes = 0;
  int64_t changed_seconds = 0;
  int64_t changed_nanoseconds = 0;

  bool operator==(const FileStamp&) const = default;
};

// TableImport holds an open file, and then the table that it became.
//
// Threads  One thread.
class TableImport {
 public:
  // Checks format, shape and size before the server hears of it.
  //
  // Errors   As TableFile::Open; INVALID_ARGUMENT  what is asked for makes no
  //          sense.
  static absl::StatusOr<std::unique_ptr<TableImport>> Open(ImportJob job);

  // Makes the table, or its next version, and keeps the words. Call once.
  absl::Status Send(const Client& client, Session& session);

  const std::string& name() const { return options_.name; }
  // What Send made, and what there was of this name before.
  const TableInfo& table() const { return table_; }
  const std::optional<TableInfo>& before() const { return before_; }

  // Says what was made of the file, in lines after the first.
  void DescribeSource(Session& session) const;
  // The table, with "source".
  nlohmann::ordered_json Json() const;

 private:
  explicit TableImport(ImportJob job) : job_(std::move(job)) {}

  // From its beginning, also again: DATA_LOSS if it is not the same then.
  absl::Status OpenFile();
  absl::Status CheckPaddingRow() const;
  absl::Status AboutFile(const absl::Status& status) const;
  absl::StatusOr<TableInfo> SendRows(const Client& client, Session& session);

  ImportJob job_;
  std::unique_ptr<TokenFile> tokens_;  // Null: none are wanted.
  std::optional<TableFile> file_;      // Set by Open.
  std::optional<FileStamp> stamp_;     // The same.
  TableOptions options_;
  std::optional<TableInfo> before_;
  TableInfo table_;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_TABLE_IMPORT_H_
