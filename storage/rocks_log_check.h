// Notices a hole in the log of the embedded store.
#ifndef EMB_STORAGE_ROCKS_LOG_CHECK_H_
#define EMB_STORAGE_ROCKS_LOG_CHECK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "rocksdb/wal_filter.h"

namespace emb {

// LogCheck watches RocksDB replay its log. Where a record should begin and
// there are zeros, RocksDB takes the rest of the 32 KiB block for unused and
// goes on behind it; a disk that lost power, or a sector, leaves such zeros.
// Every commit says its epoch, so what is missing shows.
//
// Threads  One thread, of DB::Open.
class LogCheck final : public rocksdb::WalFilter {
 public:
  const char* Name() const override { return "a hole in the log"; }
  void ColumnFamilyLogNumberMap(
      const std::map<uint32_t, uint64_t>& log_numbers,
      const std::map<std::string, uint32_t>& family_ids) override;
  WalProcessingOption LogRecordFound(unsigned long long log_number,
                                     const std::string& path,
                                     const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* new_batch,
                                     bool* batch_changed) override;

 private:
  uint32_t records_family_ = 0;
  uint64_t log_number_ = 0;
  std::optional<uint64_t> epoch_;  // Of the last commit seen.
};

}  // namespace emb

#endif  // EMB_STORAGE_ROCKS_LOG_CHECK_H_
