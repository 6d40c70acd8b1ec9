// One export, over as many ExportTable calls as it takes.
#ifndef EMB_CLIENT_SRC_EXPORT_CALL_H_
#define EMB_CLIENT_SRC_EXPORT_CALL_H_

#include <string>

#include "absl/status/statusor.h"
#include "emb/connection.h"
#include "emb/types.h"
#include "embedding/v1/admin.grpc.pb.h"

namespace emb {

// Hands all rows to the sink, each part checked, and goes on behind the last
// one where the connection breaks.
//
// Errors   The sink's own error, after the call was cancelled;
//          DATA_LOSS          bytes were changed on their way;
//          ABORTED            the rows changed while the connection was broken;
//          DEADLINE_EXCEEDED  nothing came for stall_timeout;
//          what the server answers.
absl::StatusOr<TableInfo> RunExport(embedding::v1::TableAdmin::Stub& stub,
                                    const std::string& address,
                                    const std::string& name,
                                    const ExportOptions& export_options,
                                    const ExportSink& sink);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_EXPORT_CALL_H_
