// The words of a table's rows, as `table import --tokens` keeps them.
#ifndef EMB_CLIENT_CLI_TOKEN_FILE_H_
#define EMB_CLIENT_CLI_TOKEN_FILE_H_

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/output_file.h"

namespace emb {

// TokenFile writes one line a row, "row<TAB>word", as OutputFile does.
//
// Threads  One thread.
class TokenFile {
 public:
  // Errors   As OutputFile::Create.
  static absl::StatusOr<std::unique_ptr<TokenFile>> Create(
      const std::string& path);

  // Errors   INVALID_ARGUMENT  the word holds a tab or a line break.
  //          As OutputFile::Append.
  absl::Status Add(int64_t row, absl::string_view token);

  // Puts the file in its place.
  absl::Status Commit();

 private:
  explicit TokenFile(std::unique_ptr<OutputFile> file)
      : file_(std::move(file)) {}

  const std::unique_ptr<OutputFile> file_;
};

// TokenLines reads such a file, a row at a time.
//
// Threads  One thread.
class TokenLines {
 public:
  // Errors   NOT_FOUND  it cannot be opened.
  static absl::StatusOr<std::unique_ptr<TokenLines>> Open(
      const std::string& path);

  // The word of the next row.
  // Errors   INVALID_ARGUMENT  there is none, or it is another row's.
  absl::StatusOr<std::string> Next();

 private:
  explicit TokenLines(const std::string& path) : path_(path), file_(path) {}

  const std::string path_;
  std::ifstream file_;
  int64_t next_row_ = 0;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_TOKEN_FILE_H_
