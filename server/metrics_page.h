// All metrics of a server, as Prometheus reads them.
#ifndef EMB_SERVER_METRICS_PAGE_H_
#define EMB_SERVER_METRICS_PAGE_H_

#include <string>

#include "absl/time/time.h"
#include "server/admission/in_flight.h"
#include "server/admission/lookup_executor.h"
#include "server/maintenance.h"
#include "server/memory_budget.h"
#include "server/metrics/call_metrics.h"
#include "server/metrics/counter.h"
#include "server/metrics/lookup_metrics.h"
#include "server/metrics/store_metrics.h"
#include "server/registry.h"
#include "server/store_watch.h"
#include "server/tls.h"

namespace emb {

// Everything that the page tells of. All outlive the page's users.
struct MetricsSources {
  const CallMetrics& calls;
  const LookupMetrics& lookups;
  const InFlight& in_flight;
  const LookupExecutor& executor;
  const Registry& registry;
  const StoreMetrics& store;
  const Maintenance& maintenance;
  const StoreWatch& watch;
  const MemoryBudget& budget;
  const Counter& self_probe_failures;
  const ServerTls* tls;  // Null: plain text.
  // How long the tables took to load; 0 until they are.
  absl::Duration load_time;
};

// The whole page. Series of tables are those of the snapshot: a table that is
// dropped takes its series with it.
//
// Cost     A line for each series: with 10,000 tables some 10 MB and 50 ms.
std::string MetricsPage(const MetricsSources& sources);

}  // namespace emb

#endif  // EMB_SERVER_METRICS_PAGE_H_
