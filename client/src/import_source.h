// The rows of an import, from wherever they are wanted.
#ifndef EMB_CLIENT_SRC_IMPORT_SOURCE_H_
#define EMB_CLIENT_SRC_IMPORT_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/src/wire_hash.h"
#include "emb/connection.h"
#include "embedding/v1/admin.pb.h"

namespace emb {

// Threads  One thread.
class ImportSource {
 public:
  ImportSource(RowSource rows, const ImportOptions& import_options)
      : rows_(std::move(rows)), restart_(import_options.restart) {}

  bool can_restart() const { return restart_ != nullptr; }

  // Reads the next part, of 1 MiB, into `message`; false at the end.
  absl::StatusOr<bool> Read(embedding::v1::ImportTableRequest& message);

  // Begins anew, and goes on behind the first `offset` bytes.
  absl::Status Restart(int64_t offset);

  // Bytes that were read.
  int64_t offset() const { return offset_; }
  std::string Digest() const { return hash_->Finish(); }

 private:
  RowSource rows_;
  const std::function<absl::StatusOr<RowSource>()> restart_;
  std::unique_ptr<WireHash> hash_ = std::make_unique<WireHash>();
  int64_t offset_ = 0;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_IMPORT_SOURCE_H_
