// The client's plain types to and from the wire's messages.
#ifndef EMB_CLIENT_SRC_CONVERT_H_
#define EMB_CLIENT_SRC_CONVERT_H_

#include <string>
#include <vector>

#include "emb/connection.h"
#include "emb/types.h"
#include "embedding/v1/admin.pb.h"
#include "embedding/v1/lookup.pb.h"

namespace emb {

embedding::v1::LookupRequest ToProto(const LookupRequest& request);
// As the contract numbers them.
ElementType FromProto(embedding::v1::DType type);

// With name, shape, dtype, padding and norm, but without what only
// CreateTable takes.
embedding::v1::TableSpec ImportSpecToProto(const TableOptions& options);
// All of it.
embedding::v1::TableSpec CreateSpecToProto(const TableOptions& options);

embedding::v1::UpsertRowsRequest UpsertToProto(
    const std::vector<RowValues>& updates, const std::string& request_id);
BackupInfo FromProto(const embedding::v1::BackupInfo& proto);
VerifyResult FromProto(const embedding::v1::VerifyResponse& response);

UpsertOutcome FromProto(const embedding::v1::UpsertRowsResponse& response);

TableInfo FromProto(const embedding::v1::TableInfo& proto);
ServerStatus FromProto(const embedding::v1::GetStatusResponse& response);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_CONVERT_H_
