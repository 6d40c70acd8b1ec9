#include "server/export_reactor.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/simd_decode.h"
#include "core/status_macros.h"
#include "server/call_state.h"
#include "server/log.h"
#include "server/proto_convert.h"
#include "server/status_convert.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr int64_t kDataBytes = int64_t{256} << 10;

// Rows [first, first + count) as float32.
void CopyRows(const ServedTable& table, int64_t first, int64_t count,
              std::string& out) {
  const RowFormat format = table.record.spec.row_format();
  const auto bytes = static_cast<size_t>(format.float_bytes());
  out.resize(static_cast<size_t>(count) * bytes);
  auto* to = reinterpret_cast<std::byte*>(out.data());
  for (int64_t row = first; row < first + count; ++row, to += bytes) {
    const std::byte* const from = table.rows->row(row);
    if (format.dtype == DType::kFloat32) {
      std::memcpy(to, from, bytes);
    } else {
      DecodeRow(format, from, to);
    }
  }
}

absl::StatusOr<int64_t> FirstRow(int64_t offset, const TableSpec& spec) {
  const int64_t row_bytes = spec.row_format().float_bytes();
  if (offset >= 0 && offset % row_bytes == 0 &&
      offset / row_bytes <= spec.num_rows) {
    return offset / row_bytes;
  }
  return InvalidField(
      "offset", absl::StrCat(" = ", offset, ", want a multiple of ", row_bytes,
                             " (a row) up to ", row_bytes * spec.num_rows));
}

}  // namespace

ExportReactor::ExportReactor(grpc::CallbackServerContext& context,
                             const pb::ExportTableRequest& request,
                             VersionManager& versions, const Registry& registry,
                             WorkerPool& background,
                             absl::Duration idle_timeout)
    : context_(context),
      request_(request),
      versions_(versions),
      registry_(registry),
      background_(background),
      idle_timeout_(idle_timeout) {
  {
    const MutexLock lock(caller_->mutex);
    caller_->context = &context;
  }
  background_.Run([this] { Begin(); });
}

void ExportReactor::Begin() {
  const absl::Status status = WriteHeader();
  if (!status.ok()) End(status);
}

absl::Status ExportReactor::WriteHeader() {
  EMB_RETURN_IF_ERROR(CheckAlive(context_));
  EMB_RETURN_IF_ERROR(registry_.CheckLoaded());
  const auto snapshot = registry_.snapshot();
  EMB_ASSIGN_OR_RETURN(
      table_, versions_.WithRows(
                  *snapshot,
                  {request_.name(), static_cast<int64_t>(request_.version())}));
  const VersionRecord& record = table_->record;
  const auto revision = static_cast<uint64_t>(record.revision);
  if (request_.has_expected_revision() &&
      request_.expected_revision() != revision) {
    return absl::AbortedError(absl::StrCat(
        "table \"", record.spec.name, "\" v", record.version, ": at revision ",
        revision, ", want ", request_.expected_revision()));
  }
  EMB_ASSIGN_OR_RETURN(next_row_, FirstRow(request_.offset(), record.spec));
  pb::ExportHeader& header = *message_.mutable_header();
  *header.mutable_table() = TableInfoToProto(*table_, *snapshot);
  header.set_epoch(snapshot->epoch);
  Send();
  return absl::OkStatus();
}

void ExportReactor::OnWriteDone(bool ok) {
  if (!ok) return End(WhyCancelled());
  if (ended_) return End(absl::OkStatus());
  background_.Run([this] {
    if (next_row_ < table_->record.spec.num_rows) {
      WriteRows();
    } else {
      WriteEnd();
    }
  });
}

absl::Status ExportReactor::WhyCancelled() {
  const MutexLock lock(caller_->mutex);
  if (!caller_->given_up) return absl::CancelledError("export cancelled");
  return absl::DeadlineExceededError(absl::StrCat(
      "export: nothing was taken for ", absl::FormatDuration(idle_timeout_),
      " (--import_idle_timeout), given up"));
}

void ExportReactor::WriteRows() {
  const TableSpec& spec = table_->record.spec;
  const int64_t row_bytes = spec.row_format().float_bytes();
  const int64_t count = std::min(std::max<int64_t>(1, kDataBytes / row_bytes),
                                 spec.num_rows - next_row_);
  pb::ExportData& data = *message_.mutable_data();
  data.set_offset(next_row_ * row_bytes);
  CopyRows(*table_, next_row_, count, *data.mutable_data());
  const absl::Span<const std::byte> bytes(
      reinterpret_cast<const std::byte*>(data.data().data()),
      data.data().size());
  data.set_checksum(WireChecksum(bytes));
  hash_.Update(bytes);
  next_row_ += count;
  Send();
}

void ExportReactor::WriteEnd() {
  message_.mutable_end()->set_digest(DigestToHex(hash_.Finish()));
  ended_ = true;
  Send();
}

void ExportReactor::Send() {
  alarm_.emplace();  // Ends the one before.
  alarm_->Set(absl::ToChronoTime(absl::Now() + idle_timeout_),
              [caller = caller_](bool expired) {
                if (!expired) return;
                const MutexLock lock(caller->mutex);
                if (caller->context == nullptr) return;
                caller->given_up = true;
                caller->context->TryCancel();
              });
  StartWrite(&message_);
}

void ExportReactor::End(const absl::Status& status) {
  if (!status.ok()) LogFailure("export_failed", status);
  table_.reset();  // Before the caller hears of it: its memory is free.
  Finish(ToGrpcStatus(status));
}

void ExportReactor::OnDone() {
  {
    const MutexLock lock(caller_->mutex);
    caller_->context = nullptr;
  }
  delete this;
}

}  // namespace emb
