// The example's tables, imported into a test's server.
#ifndef EMB_TESTS_INTEGRATION_MOVIETWEETINGS_TABLES_H_
#define EMB_TESTS_INTEGRATION_MOVIETWEETINGS_TABLES_H_

#include <emb/client.h>

#include <string_view>

#include "absl/status/status.h"

namespace movietweetings {

// Imports "item", "item_bias", "user" and "genre", row 0 as padding.
absl::Status ImportAllTables(const emb::Client& client);

// Imports one of them again.
absl::Status ImportTable(const emb::Client& client, std::string_view name);

}  // namespace movietweetings

#endif  // EMB_TESTS_INTEGRATION_MOVIETWEETINGS_TABLES_H_
