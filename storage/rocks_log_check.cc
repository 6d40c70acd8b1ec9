#include "storage/rocks_log_check.h"

#include <array>
#include <fstream>

#include "absl/strings/string_view.h"
#include "rocksdb/write_batch.h"
#include "storage/record_format.h"

namespace emb {
namespace {

// Checksum, length and type of the first record of a log.
constexpr size_t kHeaderBytes = 7;

// Reads the epoch of a batch, if it says one.
class EpochReader final : public rocksdb::WriteBatch::Handler {
 public:
  explicit EpochReader(uint32_t records_family)
      : records_family_(records_family) {}

  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    if (family != records_family_ ||
        absl::string_view(key.data(), key.size()) != kCommitRecordKey) {
      return rocksdb::Status::OK();
    }
    const auto record = DecodeCommitRecord({value.data(), value.size()});
    if (!record.ok()) return rocksdb::Status::Corruption("commit record");
    epoch = record->epoch;
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(uint32_t, const rocksdb::Slice&,
                                const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice&) override {}

  std::optional<uint64_t> epoch;

 private:
  const uint32_t records_family_;
};

bool BeginsWithZeros(const std::string& path) {
  std::array<char, kHeaderBytes> header = {1};
  std::ifstream file(path, std::ios::binary);
  file.read(header.data(), header.size());
  return header == std::array<char, kHeaderBytes>{};
}

}  // namespace

void LogCheck::ColumnFamilyLogNumberMap(
    const std::map<uint32_t, uint64_t>&,
    const std::map<std::string, uint32_t>& family_ids) {
  const auto found = family_ids.find("meta");
  if (found != family_ids.end()) records_family_ = found->second;
}

rocksdb::WalFilter::WalProcessingOption LogCheck::LogRecordFound(
    unsigned long long log_number, const std::string& path,
    const rocksdb::WriteBatch& batch, rocksdb::WriteBatch*, bool*) {
  // Nothing is before the first commit that could tell of a hole.
  if (log_number != log_number_ && BeginsWithZeros(path)) {
    return WalProcessingOption::kCorruptedRecord;
  }
  log_number_ = log_number;
  EpochReader reader(records_family_);
  if (!batch.Iterate(&reader).ok()) {
    return WalProcessingOption::kCorruptedRecord;
  }
  if (!reader.epoch) return WalProcessingOption::kContinueProcessing;
  // Reserving generations and syncing repeat the epoch before.
  const bool follows =
      !epoch_ || *reader.epoch == *epoch_ || *reader.epoch == *epoch_ + 1;
  epoch_ = reader.epoch;
  return follows ? WalProcessingOption::kContinueProcessing
                 : WalProcessingOption::kCorruptedRecord;
}

}  // namespace emb
