#include "server/call_roles.h"

#include "absl/strings/str_cat.h"

namespace emb {
namespace {

// docs/tls-and-tokens.md has the same table. Who may write changes the rows of
// tables and which version is current, all of which can be taken back; who may
// administer makes and ends tables, and sees those of everyone.
constexpr struct {
  absl::string_view call;
  Role role;
} kRoles[] = {
    {"Lookup", Role::kRead},         {"LookupStream", Role::kRead},
    {"GetTable", Role::kRead},       {"ListTables", Role::kRead},
    {"ListVersions", Role::kRead},   {"ExportTable", Role::kRead},
    {"GetStatus", Role::kRead},      {"UpsertRows", Role::kWrite},
    {"ImportTable", Role::kWrite},   {"GetImport", Role::kWrite},
    {"DropImport", Role::kWrite},    {"PublishVersions", Role::kWrite},
    {"RollbackTable", Role::kWrite}, {"PinVersion", Role::kWrite},
    {"CreateTable", Role::kAdmin},   {"DropTable", Role::kAdmin},
    {"Backup", Role::kAdmin},        {"ListBackups", Role::kAdmin},
    {"Restore", Role::kAdmin},       {"Verify", Role::kAdmin},
};

}  // namespace

absl::StatusOr<Role> RoleOfCall(absl::string_view call) {
  for (const auto& entry : kRoles) {
    if (entry.call == call) return entry.role;
  }
  return absl::PermissionDeniedError(
      absl::StrCat(call, ": no role may make this call"));
}

}  // namespace emb
