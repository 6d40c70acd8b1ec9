// Early return for absl::Status and absl::StatusOr.
#ifndef EMB_CORE_STATUS_MACROS_H_
#define EMB_CORE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define EMB_RETURN_IF_ERROR(expr)                               \
  do {                                                          \
    if (absl::Status emb_status_ = (expr); !emb_status_.ok()) { \
      return emb_status_;                                       \
    }                                                           \
  } while (false)

// EMB_ASSIGN_OR_RETURN(auto value, Function());
// NOLINTBEGIN(bugprone-macro-parentheses): `lhs` may be a declaration.
#define EMB_ASSIGN_OR_RETURN(lhs, expr) \
  EMB_ASSIGN_OR_RETURN_IMPL_(EMB_CONCAT_(emb_or_, __LINE__), lhs, expr)
#define EMB_ASSIGN_OR_RETURN_IMPL_(result, lhs, expr)  \
  auto result = (expr);                                \
  if (!result.ok()) return std::move(result).status(); \
  lhs = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)
#define EMB_CONCAT_(a, b) EMB_CONCAT_IMPL_(a, b)
#define EMB_CONCAT_IMPL_(a, b) a##b

#endif  // EMB_CORE_STATUS_MACROS_H_
