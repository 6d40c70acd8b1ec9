// A file that appears as a whole or not at all.
#ifndef EMB_CLIENT_CLI_OUTPUT_FILE_H_
#define EMB_CLIENT_CLI_OUTPUT_FILE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

// OutputFile has no name before Commit: a command that does not finish, even
// one that is killed, leaves nothing, and keeps what was there.
//
// Threads  One thread.
class OutputFile {
 public:
  // `what` begins its errors, such as "--tokens".
  //
  // Errors   The code of errno's kind, naming the file: its folder cannot be
  //          written to, or it is a directory.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(
      const std::string& what, const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Errors   As errno says: it cannot be written.
  absl::Status Append(absl::string_view bytes);

  // Makes it durable and puts it in its place.
  absl::Status Commit();

  const std::string& path() const { return path_; }

 private:
  OutputFile(std::string what, std::string path)
      : what_(std::move(what)), path_(std::move(path)) {}

  absl::Status Flush();
  absl::Status Error(int error) const;

  const std::string what_;
  const std::string path_;
  int fd_ = -1;
  std::string temp_path_;  // Empty while the file has no name.
  std::string buffer_;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_OUTPUT_FILE_H_
