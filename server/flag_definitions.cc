#include "server/flag_definitions.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/strings/match.h"

// Sizes are text such as "4MiB".
ABSL_FLAG(std::string, data_dir, "",
          "Directory of the tables; created if absent. Required.");
ABSL_FLAG(std::string, config, "",
          "A file of settings: TOML, with the names of flags as keys. The "
          "environment and the command line win over it. SIGHUP reads it "
          "again.");
ABSL_FLAG(bool, print_config, false,
          "Do not serve: print all settings as such a file, with where each "
          "comes from, and exit.");
ABSL_FLAG(bool, check_config, false,
          "Do not serve: check all settings and the files that they name, and "
          "exit with 0, or with 2 if a server would refuse them.");
ABSL_FLAG(std::string, log_level, "info",
          "Events that are logged: info, which is all of them; warning; or "
          "error.");
ABSL_FLAG(std::string, listen, "127.0.0.1:50051",
          "Where lookups are answered: HOST:PORT or unix:PATH; port 0 takes "
          "any free one.");
ABSL_FLAG(std::string, admin_listen, "127.0.0.1:50052",
          "Where tables are administered: HOST:PORT or unix:PATH.");
ABSL_FLAG(std::string, http_listen, "127.0.0.1:50053",
          "Where /metrics (Prometheus), /livez and /readyz are answered over "
          "HTTP. Empty: nowhere.");
ABSL_FLAG(bool, insecure, false,
          "Allow plain text on addresses that other machines can reach.");
ABSL_FLAG(std::string, tls_cert, "",
          "Certificate of all listeners, and those that signed it: a PEM file, "
          "read again when it changes. Default: plain text.");
ABSL_FLAG(std::string, tls_key, "",
          "Private key of --tls_cert: a PEM file without a passphrase.");
ABSL_FLAG(std::string, tls_client_ca, "",
          "Callers must show a certificate signed by one of these: a PEM file. "
          "Default: they need none.");
ABSL_FLAG(std::string, token_file, "",
          "TOML file of who may call, by tokens and roles "
          "(docs/tls-and-tokens.md), read again when it changes. Default: "
          "everyone.");
ABSL_FLAG(std::string, backup_dir, "",
          "Directory below which embctl backup puts backups, and restore finds "
          "them. Default: there are none.");
ABSL_FLAG(std::string, salvage, "",
          "Do not serve: copy what can be read of a store whose log is damaged "
          "into this directory, say what is lost, and exit.");
ABSL_FLAG(std::string, memory_limit, "",
          "Memory that tables may take, such as 12GiB. Default: 80 % of the "
          "cgroup's or the machine's.");
ABSL_FLAG(int64_t, keep_versions, 2,
          "The newest versions of a table, so many, are kept on disk; beside "
          "them the current one and those that are pinned, however old.");
ABSL_FLAG(absl::Duration, keep_versions_for, absl::ZeroDuration(),
          "Older versions are kept too while they are younger than this, such "
          "as 72h.");
ABSL_FLAG(std::string, swap_policy, "load-first",
          "How a version takes the place of another: load-first, beside it; "
          "unload-first, when that has gone from memory, and lookups of the "
          "table answer UNAVAILABLE meanwhile.");
ABSL_FLAG(std::string, durability, "sync",
          "When row updates are acknowledged: sync, once they are on disk; "
          "interval, once they are written, and they are synced every second; "
          "async, once they are written. All survive the end of the process, "
          "only sync that of power. Creates, imports and the like are synced "
          "always.");
ABSL_FLAG(absl::Duration, fold_interval, absl::Minutes(10),
          "A table of which half the rows or more were updated is written "
          "anew, in the background, at most so often.");
ABSL_FLAG(std::string, fold_rate, "64MiB",
          "Bytes that this writes in a second, at most.");
ABSL_FLAG(int, load_threads, 2, "Threads that read tables at the start.");
ABSL_FLAG(absl::Duration, import_idle_timeout, absl::Seconds(60),
          "An import that sends nothing for so long is given up.");
ABSL_FLAG(absl::Duration, drain_delay, absl::Seconds(5),
          "On SIGTERM: time between \"not serving\" and the end of listening, "
          "for callers to go elsewhere.");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(20),
          "On SIGTERM: time for calls in flight to finish after that.");
ABSL_FLAG(std::string, request_bytes_max, "4MiB", "Largest request message.");
ABSL_FLAG(std::string, update_bytes_max, "64MiB",
          "Largest message that replaces rows.");
ABSL_FLAG(std::string, answer_bytes_max, "64MiB",
          "Most bytes of values in an answer.");
ABSL_FLAG(int64_t, request_ids_max, 262'144, "Most ids in a lookup.");
ABSL_FLAG(int64_t, request_features_max, 1'024, "Most features in a lookup.");
ABSL_FLAG(int64_t, shape_dims_max, 16, "Most axes in a dense shape.");
ABSL_FLAG(int64_t, tables_max, 10'000, "Most tables.");
ABSL_FLAG(int64_t, dim_max, 65'536, "Largest dim of a table.");
ABSL_FLAG(int64_t, inflight_requests_max, 1'024,
          "Most lookups in flight, from their receipt until their answers have "
          "been taken; others are RESOURCE_EXHAUSTED at once.");
ABSL_FLAG(std::string, inflight_bytes_max, "512MiB",
          "Most bytes of these and of their answers.");
ABSL_FLAG(absl::Duration, queue_timeout, absl::Milliseconds(50),
          "How long a lookup waits for a thread before it is "
          "RESOURCE_EXHAUSTED; a tenth of it where there have been lookups "
          "waiting for as long.");
ABSL_FLAG(int64_t, lookup_log_sampling, 0,
          "One of so many lookups is logged; 0: none. Of those that fail ten a "
          "second are.");
ABSL_FLAG(absl::Duration, self_probe_interval, absl::Seconds(3),
          "How often the server connects to its own lookup port; when that "
          "fails three times in a row it exits, to be started again. 0s: "
          "never.");

namespace emb {
namespace {

// What Server::Reload applies.
constexpr absl::string_view kReloadable[] = {
    "log_level",          "answer_bytes_max",
    "request_ids_max",    "request_features_max",
    "shape_dims_max",     "inflight_requests_max",
    "inflight_bytes_max", "queue_timeout",
    "lookup_log_sampling"};

}  // namespace

bool IsServerFlagFile(absl::string_view file) {
  return absl::EndsWith(file, "server/flag_definitions.cc");
}

bool IsServerFlag(const absl::CommandLineFlag& flag) {
  return IsServerFlagFile(flag.Filename());
}

bool IsReloadable(absl::string_view flag_name) {
  return absl::c_linear_search(kReloadable, flag_name);
}

std::vector<std::string> ServerFlagNames() {
  std::vector<std::string> names;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (IsServerFlag(*flag)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace emb
