// What role each call needs.
#ifndef EMB_SERVER_CALL_ROLES_H_
#define EMB_SERVER_CALL_ROLES_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/access_tokens.h"

namespace emb {

// Of a call of EmbeddingService or TableAdmin by its name, such as "Lookup".
// Health checks and reflection need none.
//
// Errors   PERMISSION_DENIED  it has none: nobody may.
absl::StatusOr<Role> RoleOfCall(absl::string_view call);

}  // namespace emb

#endif  // EMB_SERVER_CALL_ROLES_H_
