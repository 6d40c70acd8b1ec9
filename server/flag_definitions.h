// Every flag of embedding-server. Its name, default and help are in
// flag_definitions.cc, its meaning is checked in flag_options.cc.
#ifndef EMB_SERVER_FLAG_DEFINITIONS_H_
#define EMB_SERVER_FLAG_DEFINITIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/flags/reflection.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

ABSL_DECLARE_FLAG(std::string, data_dir);
ABSL_DECLARE_FLAG(std::string, config);
ABSL_DECLARE_FLAG(bool, print_config);
ABSL_DECLARE_FLAG(bool, check_config);
ABSL_DECLARE_FLAG(std::string, log_level);
ABSL_DECLARE_FLAG(std::string, listen);
ABSL_DECLARE_FLAG(std::string, admin_listen);
ABSL_DECLARE_FLAG(std::string, http_listen);
ABSL_DECLARE_FLAG(bool, insecure);
ABSL_DECLARE_FLAG(std::string, tls_cert);
ABSL_DECLARE_FLAG(std::string, tls_key);
ABSL_DECLARE_FLAG(std::string, tls_client_ca);
ABSL_DECLARE_FLAG(std::string, token_file);
ABSL_DECLARE_FLAG(std::string, backup_dir);
ABSL_DECLARE_FLAG(std::string, salvage);
ABSL_DECLARE_FLAG(std::string, memory_limit);
ABSL_DECLARE_FLAG(int64_t, keep_versions);
ABSL_DECLARE_FLAG(absl::Duration, keep_versions_for);
ABSL_DECLARE_FLAG(std::string, swap_policy);
ABSL_DECLARE_FLAG(std::string, durability);
ABSL_DECLARE_FLAG(absl::Duration, fold_interval);
ABSL_DECLARE_FLAG(std::string, fold_rate);
ABSL_DECLARE_FLAG(int, load_threads);
ABSL_DECLARE_FLAG(absl::Duration, import_idle_timeout);
ABSL_DECLARE_FLAG(absl::Duration, drain_delay);
ABSL_DECLARE_FLAG(absl::Duration, drain_timeout);
ABSL_DECLARE_FLAG(std::string, request_bytes_max);
ABSL_DECLARE_FLAG(std::string, update_bytes_max);
ABSL_DECLARE_FLAG(std::string, answer_bytes_max);
ABSL_DECLARE_FLAG(int64_t, request_ids_max);
ABSL_DECLARE_FLAG(int64_t, request_features_max);
ABSL_DECLARE_FLAG(int64_t, shape_dims_max);
ABSL_DECLARE_FLAG(int64_t, tables_max);
ABSL_DECLARE_FLAG(int64_t, dim_max);
ABSL_DECLARE_FLAG(int64_t, inflight_requests_max);
ABSL_DECLARE_FLAG(std::string, inflight_bytes_max);
ABSL_DECLARE_FLAG(absl::Duration, queue_timeout);
ABSL_DECLARE_FLAG(int64_t, lookup_log_sampling);
ABSL_DECLARE_FLAG(absl::Duration, self_probe_interval);

namespace emb {

// Whether a flag that is defined in this source file is one of these, and not
// one that came with a library.
bool IsServerFlagFile(absl::string_view file);
bool IsServerFlag(const absl::CommandLineFlag& flag);

// Whether SIGHUP changes it in a server that runs.
bool IsReloadable(absl::string_view flag_name);

// In alphabetical order.
std::vector<std::string> ServerFlagNames();

}  // namespace emb

#endif  // EMB_SERVER_FLAG_DEFINITIONS_H_
