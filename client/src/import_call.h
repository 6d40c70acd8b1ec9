// One ImportTable call, as the client sees it.
#ifndef EMB_CLIENT_SRC_IMPORT_CALL_H_
#define EMB_CLIENT_SRC_IMPORT_CALL_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "emb/connection.h"
#include "emb/types.h"
#include "embedding/v1/admin.grpc.pb.h"

namespace emb {

// Who takes an import.
struct ImportServer {
  std::string address;
  // Over a connection of its own.
  std::function<std::unique_ptr<embedding::v1::TableAdmin::Stub>()> connect;
};

// Sends the header and all of `rows` in parts of 1 MiB, reading the next part
// while one is on its way, and waits for the server's answer. With
// import_options.restart it goes on where it was when a connection breaks or
// falls silent.
//
// Errors   The source's own error, after the call was cancelled;
//          DEADLINE_EXCEEDED  nothing moved for import.stall_timeout;
//          CANCELLED          import.cancelled said so;
//          what the server answers, as soon as it does.
absl::StatusOr<TableInfo> RunImport(embedding::v1::TableAdmin::Stub& stub,
                                    const ImportServer& server,
                                    const embedding::v1::ImportHeader& header,
                                    const ImportOptions& import_options,
                                    const RowSource& rows);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_IMPORT_CALL_H_
