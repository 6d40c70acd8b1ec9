// Table definitions between the wire and core.
#ifndef EMB_SERVER_PROTO_CONVERT_H_
#define EMB_SERVER_PROTO_CONVERT_H_

#include "absl/status/statusor.h"
#include "core/table_spec.h"
#include "embedding/v1/admin.pb.h"
#include "server/import_request.h"
#include "server/registry.h"
#include "server/row_update.h"

namespace emb {

// What CreateTable was given, with an initializer. Not checked beyond what
// the types need: MakeTableSpec does that.
//
// Errors   INVALID_ARGUMENT  unknown enum value; as ParseInitializer.
absl::StatusOr<TableSpec> CreateSpecFromProto(
    const embedding::v1::TableSpec& proto);

// What ImportTable was given, without an initializer.
//
// Errors   INVALID_ARGUMENT  unknown enum value; an initializer, seed or
//                            generator is set; a value and that there shall
//                            be none.
absl::StatusOr<ImportRequest> ImportRequestFromProto(
    const embedding::v1::ImportHeader& header);

// A view of `proto`. Numbers beyond int64 are none that a table has.
UpsertRequest UpsertFromProto(const embedding::v1::UpsertRowsRequest& proto);
void UpsertToProto(const UpsertResult& result,
                   embedding::v1::UpsertRowsResponse& proto);

embedding::v1::DType DTypeToProto(DType dtype);

embedding::v1::TableInfo TableInfoToProto(const ServedTable& table,
                                          const Snapshot& snapshot);

}  // namespace emb

#endif  // EMB_SERVER_PROTO_CONVERT_H_
