#include "client/src/import_source.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace emb {
namespace {

constexpr size_t kPartBytes = size_t{1} << 20;

// Reads into as much of `buffer` as the source has at once.
absl::Status ReadSome(const RowSource& rows, std::string& buffer) {
  const auto count =
      rows({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
  if (!count.ok()) return count.status();
  if (*count > buffer.size()) {
    return absl::InternalError(absl::StrCat(
        "row source: gave ", *count, " bytes, want at most ", buffer.size()));
  }
  buffer.resize(*count);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> ImportSource::Read(
    embedding::v1::ImportTableRequest& message) {
  embedding::v1::ImportData& data = *message.mutable_data();
  std::string& buffer = *data.mutable_data();
  buffer.resize(kPartBytes);
  const absl::Status status = ReadSome(rows_, buffer);
  if (!status.ok()) return status;
  data.set_offset(offset_);
  data.set_checksum(WireChecksum(buffer));
  hash_->Update(buffer);
  offset_ += static_cast<int64_t>(buffer.size());
  return !buffer.empty();
}

absl::Status ImportSource::Restart(int64_t offset) {
  auto rows = restart_();
  if (!rows.ok()) return rows.status();
  rows_ = *std::move(rows);
  hash_ = std::make_unique<WireHash>();
  offset_ = 0;
  std::string skipped;
  while (offset_ < offset) {
    skipped.resize(
        static_cast<size_t>(std::min<int64_t>(kPartBytes, offset - offset_)));
    absl::Status status = ReadSome(rows_, skipped);
    if (!status.ok()) return status;
    if (skipped.empty()) {
      return absl::DataLossError("row source: fewer rows than before");
    }
    hash_->Update(skipped);
    offset_ += static_cast<int64_t>(skipped.size());
  }
  return absl::OkStatus();
}

}  // namespace emb
