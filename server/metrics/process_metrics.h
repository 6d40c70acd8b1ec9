// What the process takes of the machine.
#ifndef EMB_SERVER_METRICS_PROCESS_METRICS_H_
#define EMB_SERVER_METRICS_PROCESS_METRICS_H_

#include "server/metrics/metrics_text.h"

namespace emb {

// Memory, CPU time, descriptors and start time of this process, by the names
// that Prometheus' own clients use. What /proc does not tell is left out.
void WriteProcessMetrics(MetricsText& text);

}  // namespace emb

#endif  // EMB_SERVER_METRICS_PROCESS_METRICS_H_
