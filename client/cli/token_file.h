// The words of a table's rows, as `table import --tokens` keeps them.
#ifndef EMB_CLIENT_CLI_TOKEN_FILE_H_
#define EMB_CLIENT_CLI_TOKEN_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

// TokenFile writes one line a row, "row<TAB>word", into a file that has no
// name before Commit: an import that does not finish, even one that is killed,
// leaves nothing, and keeps what was there.
//
// Threads  One thread.
class TokenFile {
 public:
  // Errors   The code of errno's kind, naming the file: its folder cannot be
  //          written to. INVALID_ARGUMENT  a directory.
  static absl::StatusOr<std::unique_ptr<TokenFile>> Create(
      const std::string& path);
  ~TokenFile();
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;

  // Errors   INVALID_ARGUMENT  the word holds a tab or a line break.
  //          As errno says     it cannot be written.
  absl::Status Add(int64_t row, absl::string_view token);

  // Puts the file in its place.
  absl::Status Commit();

 private:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  absl::Status Flush();
  absl::Status Error(int error) const;

  const std::string path_;
  int fd_ = -1;
  std::string temp_path_;  // Empty while the file has no name.
  std::string buffer_;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_TOKEN_FILE_H_
