// The client's plain types to and from the wire's messages.
#ifndef EMB_CLIENT_SRC_CONVERT_H_
#define EMB_CLIENT_SRC_CONVERT_H_

#include "absl/status/statusor.h"
#include "emb/connection.h"
#include "emb/lookup_result.h"
#include "emb/types.h"
#include "embedding/v1/admin.pb.h"
#include "embedding/v1/lookup.pb.h"

namespace emb {

embedding::v1::LookupRequest ToProto(const LookupRequest& request);

// With name, shape, dtype, padding and norm, but without what only
// CreateTable takes.
embedding::v1::TableSpec ImportSpecToProto(const TableOptions& options);
// All of it.
embedding::v1::TableSpec CreateSpecToProto(const TableOptions& options);

// Errors   INTERNAL  the answer contradicts itself or `request`: not an
//                    answer of a sound server. What passes is safe to index
//                    by its shape, lengths and the request's ids.
absl::StatusOr<LookupResult> FromProto(
    const embedding::v1::LookupResponse& response,
    const LookupRequest& request);

TableInfo FromProto(const embedding::v1::TableInfo& proto);
ServerStatus FromProto(const embedding::v1::GetStatusResponse& response);

}  // namespace emb

#endif  // EMB_CLIENT_SRC_CONVERT_H_
