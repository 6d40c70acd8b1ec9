#include "server/metrics_page.h"

#include <vector>

#include "absl/functional/function_ref.h"
#include "server/metrics/process_metrics.h"
#include "server/metrics/status_codes.h"
#include "server/server.h"

namespace emb {
namespace {

constexpr absl::string_view kUnknownTable = "_other";

void WriteTraffic(const MetricsSources& sources, MetricsText& text) {
  sources.calls.Write(text);
  sources.lookups.Write(text);
  text.Gauge("emb_inflight_requests",
             "Lookups received whose answer the transport has not taken.",
             static_cast<double>(sources.in_flight.requests()));
  text.Gauge("emb_inflight_bytes", "Bytes of these and of their answers.",
             static_cast<double>(sources.in_flight.bytes()));
  text.Gauge("emb_queued_requests", "Lookups that wait for a thread.",
             static_cast<double>(sources.executor.num_queued()));
}

// Facts about the version of each table that is current, or else newest.
void WriteTables(const Snapshot& snapshot, MetricsText& text) {
  std::vector<TablePtr> tables;
  for (const std::string& name : snapshot.Names()) {
    tables.push_back(snapshot.CurrentOrNewest(name));
  }
  const auto write = [&](const char* name, const char* help,
                         absl::FunctionRef<int64_t(const ServedTable&)> of) {
    text.Begin(name, "gauge", help);
    for (const TablePtr& table : tables) {
      text.Sample({{"table", table->record.spec.name}}, of(*table));
    }
  };
  write("emb_table_rows", "Rows of a table.",
        [](const ServedTable& t) { return t.record.spec.num_rows; });
  write("emb_table_bytes", "Bytes of its rows.",
        [](const ServedTable& t) { return t.record.spec.data_bytes(); });
  write("emb_table_version", "The version that is current, or else newest.",
        [](const ServedTable& t) { return t.record.version; });
  write("emb_table_revision", "Updates of rows of that version.",
        [](const ServedTable& t) { return t.record.revision; });
  write("emb_table_damaged", "1: it is damaged on disk and not served.",
        [](const ServedTable& t) { return absl::IsDataLoss(t.state) ? 1 : 0; });
}

// Calls `write` for each name's counters, and for those of unknown tables.
void ForEachCounters(
    const Snapshot& snapshot,
    absl::FunctionRef<void(absl::string_view name, const TableCounters&)>
        write) {
  for (const auto& [name, counters] : snapshot.counters->tables) {
    write(name, *counters);
  }
  write(kUnknownTable, *snapshot.counters->unknown);
}

void WriteTableCounters(const Snapshot& snapshot, MetricsText& text) {
  const auto write = [&](const char* name, const char* help,
                         absl::FunctionRef<int64_t(const TableCounters&)> of) {
    text.Begin(name, "counter", help);
    ForEachCounters(
        snapshot, [&](absl::string_view table, const TableCounters& counters) {
          text.Sample({{"table", table}}, of(counters));
        });
  };
  write("emb_table_lookups_total", "Features that asked for a table.",
        [](const TableCounters& c) { return c.lookups(); });
  write("emb_table_ids_total", "Ids of these.",
        [](const TableCounters& c) { return c.ids().all; });
  write("emb_table_padding_ids_total", "Ids of these that were padding.",
        [](const TableCounters& c) { return c.ids().padding; });
  write("emb_table_missing_ids_total",
        "Ids outside the table that were answered as zeros.",
        [](const TableCounters& c) { return c.ids().missing; });
  text.Begin("emb_table_errors_total", "counter",
             "Features that were refused, by status code; of tables that are "
             "not there together, as \"_other\".");
  ForEachCounters(
      snapshot, [&](absl::string_view table, const TableCounters& counters) {
        for (size_t i = 1; i < kNumStatusCodes; ++i) {
          const auto code = static_cast<absl::StatusCode>(i);
          const int64_t count = counters.errors(code);
          // Few of ten thousand tables have any.
          if (count == 0) continue;
          text.Sample({{"table", table}, {"code", CodeLabel(code)}}, count);
        }
      });
}

void WriteStore(const MetricsSources& sources, MetricsText& text) {
  sources.store.Write(text);
  text.Gauge("emb_writable", "1: changes are taken.",
             sources.watch.writable().ok() ? 1 : 0);
  text.Gauge("emb_last_backup_timestamp_seconds",
             "When this process last made a backup, since 1970; 0: never.",
             absl::ToDoubleSeconds(sources.maintenance.last_backup_at() -
                                   absl::UnixEpoch()));
  const auto disk = sources.maintenance.GetDiskUse();
  if (!disk.ok()) return;
  text.Gauge("emb_disk_used_bytes", "Bytes of the store's files.",
             static_cast<double>(disk->used_bytes));
  text.Gauge("emb_disk_free_bytes", "Bytes free where they are.",
             static_cast<double>(disk->free_bytes));
  text.Gauge("emb_disk_size_bytes", "Bytes of the disk where they are.",
             static_cast<double>(disk->size_bytes));
}

void WriteServer(const MetricsSources& sources, MetricsText& text) {
  const bool serving = sources.registry.phase() == Phase::kServing;
  text.Gauge("emb_serving", "1: lookups are answered.", serving ? 1 : 0);
  text.Gauge("emb_load_seconds", "Time that reading the tables took.",
             absl::ToDoubleSeconds(sources.load_time));
  text.Gauge("emb_memory_used_bytes", "Memory that tables take.",
             static_cast<double>(sources.budget.used_bytes()));
  text.Gauge("emb_memory_limit_bytes", "What they may take.",
             static_cast<double>(sources.budget.limit_bytes()));
  text.Counted("emb_self_probe_failures_total",
               "Fresh connections to its own data port that failed.",
               sources.self_probe_failures);
  text.Gauge("emb_tls_certificate_expiry_timestamp_seconds",
             "When the certificate in use expires, since 1970; 0: plain text.",
             sources.tls == nullptr
                 ? 0
                 : absl::ToDoubleSeconds(sources.tls->expires_at() -
                                         absl::UnixEpoch()));
  text.Begin("emb_build_info", "gauge", "1, with the release as a label.");
  text.Sample({{"version", ServerVersion()}}, int64_t{1});
}

}  // namespace

std::string MetricsPage(const MetricsSources& sources) {
  MetricsText text;
  WriteServer(sources, text);
  WriteTraffic(sources, text);
  const auto snapshot = sources.registry.snapshot();
  text.Gauge("emb_tables", "Tables that there are.",
             static_cast<double>(snapshot->Names().size()));
  text.Gauge("emb_epoch", "Changes that there were.",
             static_cast<double>(snapshot->epoch));
  WriteTables(*snapshot, text);
  WriteTableCounters(*snapshot, text);
  WriteStore(sources, text);
  WriteProcessMetrics(text);
  return text.text();
}

}  // namespace emb
