#include "server/metrics/store_metrics.h"

namespace emb {

void StoreMetrics::CountFold(const absl::Status& status,
                             absl::Duration duration) {
  if (absl::IsCancelled(status)) return;
  (status.ok() ? folds_.ok : folds_.failed).Add();
  fold_ns_.Add(absl::ToInt64Nanoseconds(duration));
}

void StoreMetrics::CountBackup(const absl::Status& status) {
  (status.ok() ? backups_.ok : backups_.failed).Add();
}

void StoreMetrics::Outcomes::Write(absl::string_view name,
                                   absl::string_view help,
                                   MetricsText& text) const {
  text.Begin(name, "counter", help);
  text.Sample({{"outcome", "ok"}}, ok.Value());
  text.Sample({{"outcome", "failed"}}, failed.Value());
}

void StoreMetrics::Write(MetricsText& text) const {
  text.Spread("emb_sync_seconds",
              "Time that a commit took to be durable, the sync of the log "
              "included.",
              sync_seconds);
  text.Spread("emb_swap_seconds",
              "Time that publishing or rolling back versions took, reading "
              "them from disk included.",
              swap_seconds);
  folds_.Write("emb_folds_total",
               "Tables that were written anew after updates of rows.", text);
  text.Begin("emb_fold_seconds_total", "counter",
             "Time that this took in all.");
  text.Sample({}, static_cast<double>(fold_ns_.Value()) / 1e9);
  backups_.Write("emb_backups_total", "Backups that were asked for.", text);
}

}  // namespace emb
