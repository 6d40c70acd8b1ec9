#include "server/import_reactor.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status_macros.h"
#include "server/call_state.h"
#include "server/log.h"
#include "server/proto_convert.h"
#include "server/status_convert.h"
#include "storage/digest.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr size_t kDataBytesMax = size_t{1} << 20;

}  // namespace

ImportReactor::ImportReactor(grpc::CallbackServerContext& context,
                             pb::ImportTableResponse& response,
                             TableManager& manager, VersionManager& versions,
                             const Registry& registry, WorkerPool& workers,
                             WorkerPool& background,
                             absl::Duration idle_timeout)
    : context_(context),
      response_(response),
      manager_(manager),
      versions_(versions),
      registry_(registry),
      workers_(workers),
      background_(background),
      idle_timeout_(idle_timeout) {
  AwaitMessage();
}

void ImportReactor::AwaitMessage() {
  auto turn = std::make_shared<Turn>();
  MutexLock lock(mutex_);
  turn_ = turn;
  alarm_.emplace();  // Ends the one before.
  alarm_->Set(absl::ToChronoTime(absl::Now() + idle_timeout_),
              [this, turn](bool expired) {
                // With the turn there is a call, which only its end deletes.
                if (!expired || turn->taken.exchange(true)) return;
                workers_.Run([this] { GiveUp(); });
              });
  StartRead(&message_);
}

void ImportReactor::OnReadDone(bool ok) {
  if (turn_->taken.exchange(true)) return;
  const bool is_data = ok && message_.has_data();
  (is_data ? background_ : workers_).Run([this, ok] { Step(ok); });
}

void ImportReactor::GiveUp() {
  { MutexLock lock(mutex_); }  // The wait has begun: Finish may end it.
  End(absl::DeadlineExceededError(absl::StrCat(
      "import: no message for ", absl::FormatDuration(idle_timeout_),
      " (--import_idle_timeout), given up")));
}

void ImportReactor::Step(bool ok) {
  if (!ok) return End(Complete());
  const absl::Status status = TakeMessage();
  if (!status.ok()) return End(status);
  AwaitMessage();
}

absl::Status ImportReactor::TakeMessage() {
  switch (message_.part_case()) {
    case pb::ImportTableRequest::kHeader:
      return TakeHeader();
    case pb::ImportTableRequest::kData:
      return TakeData();
    case pb::ImportTableRequest::PART_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("message: want a header or data");
}

absl::Status ImportReactor::TakeHeader() {
  EMB_RETURN_IF_ERROR(CheckAlive(context_));
  EMB_RETURN_IF_ERROR(registry_.CheckLoaded());
  if (import_ != nullptr) {
    return absl::InvalidArgumentError("header: sent twice, want it once");
  }
  EMB_ASSIGN_OR_RETURN(const ImportRequest request,
                       ImportRequestFromProto(message_.header()));
  publish_ = request.publish;
  EMB_ASSIGN_OR_RETURN(import_, manager_.StartImport(request));
  return absl::OkStatus();
}

absl::Status ImportReactor::TakeData() {
  if (import_ == nullptr) {
    return absl::InvalidArgumentError("data: sent before the header");
  }
  const pb::ImportData& data = message_.data();
  if (data.data().size() > kDataBytesMax) {
    return InvalidField("data.data",
                        absl::StrCat(": ", data.data().size(),
                                     " bytes, want at most ", kDataBytesMax));
  }
  if (data.offset() != import_->offset()) {
    return InvalidField(
        "data.offset",
        absl::StrCat(" = ", data.offset(), ", want ", import_->offset()));
  }
  const absl::Span<const std::byte> bytes(
      reinterpret_cast<const std::byte*>(data.data().data()),
      data.data().size());
  if (data.has_checksum() && data.checksum() != WireChecksum(bytes)) {
    return absl::DataLossError(absl::StrCat("data.checksum: ", bytes.size(),
                                            " bytes at ", data.offset(),
                                            " were changed on their way"));
  }
  return import_->Append(bytes);
}

// The caller has sent its last message, or is gone.
absl::Status ImportReactor::Complete() {
  if (context_.IsCancelled()) return absl::CancelledError("import cancelled");
  if (import_ == nullptr) {
    return absl::InvalidArgumentError("header: missing");
  }
  EMB_ASSIGN_OR_RETURN(TablePtr table, import_->Finish());
  LogTable("table_imported", *table);
  if (publish_ && table->rows == nullptr) {
    import_.reset();  // Gives the name free.
    const VersionRecord& record = table->record;
    EMB_ASSIGN_OR_RETURN(
        const auto published,
        versions_.Publish({{record.spec.name, record.version}}));
    table = published.front();
  }
  *response_.mutable_table() = TableInfoToProto(*table, *registry_.snapshot());
  return absl::OkStatus();
}

void ImportReactor::End(const absl::Status& status) {
  if (!status.ok()) LogFailure("import_failed", status);
  // Before the caller hears of it: the name is free, and what was written of
  // a failed import is gone.
  import_.reset();
  Finish(ToGrpcStatus(status));
}

}  // namespace emb
