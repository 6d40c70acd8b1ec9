#include "server/import_reactor.h"

#include <cstddef>
#include <string>
#include <utility>

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
                             pb::ImportTableResponse& response, Caller caller,
                             const Dependencies& dependencies)
    : context_(context),
      response_(response),
      caller_(std::move(caller)),
      deps_(dependencies) {
  AwaitMessage();
}

void ImportReactor::AwaitMessage() {
  auto turn = std::make_shared<Turn>();
  MutexLock lock(mutex_);
  turn_ = turn;
  alarm_.emplace();  // Ends the one before.
  alarm_->Set(absl::ToChronoTime(absl::Now() + deps_.idle_timeout),
              [this, turn](bool expired) {
                // With the turn there is a call, which only its end deletes.
                if (!expired || turn->taken.exchange(true)) return;
                deps_.workers.Run([this] { GiveUp(); });
              });
  StartRead(&message_);
}

void ImportReactor::OnReadDone(bool ok) {
  if (turn_->taken.exchange(true)) return;
  const bool is_data = ok && message_.has_data();
  (is_data ? deps_.background : deps_.workers).Run([this, ok] { Step(ok); });
}

void ImportReactor::AwaitBegin() { const MutexLock lock(mutex_); }

void ImportReactor::GiveUp() {
  AwaitBegin();
  broken_ = true;
  End(absl::DeadlineExceededError(absl::StrCat(
      "import: no message for ", absl::FormatDuration(deps_.idle_timeout),
      " (--import_idle_timeout), given up")));
}

void ImportReactor::Step(bool ok) {
  AwaitBegin();
  if (!ok) return End(Complete());
  const absl::Status status = TakeMessage();
  if (!status.ok() || upload_->done) return End(status);
  AwaitMessage();
}

absl::Status ImportReactor::TakeMessage() {
  switch (message_.part_case()) {
    case pb::ImportTableRequest::kHeader:
      return TakeHeader();
    case pb::ImportTableRequest::kData:
      return TakeData();
    case pb::ImportTableRequest::kEnd:
      return TakeEnd();
    case pb::ImportTableRequest::PART_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("message: want a header, data or an end");
}

absl::Status ImportReactor::TakeHeader() {
  EMB_RETURN_IF_ERROR(CheckAlive(context_));
  EMB_RETURN_IF_ERROR(deps_.registry.CheckLoaded());
  if (upload_ != nullptr) {
    return absl::InvalidArgumentError("header: sent twice, want it once");
  }
  const pb::ImportHeader& header = message_.header();
  EMB_RETURN_IF_ERROR(caller_.CheckMayUse(header.spec().name()));
  EMB_ASSIGN_OR_RETURN(const ImportRequest request,
                       ImportRequestFromProto(header));
  if (header.upload_id().empty()) {
    upload_ = std::make_unique<Upload>();
  } else {
    EMB_ASSIGN_OR_RETURN(
        upload_,
        deps_.park.Begin(header.upload_id(), header.SerializeAsString(),
                         [this] { context_.TryCancel(); }));
    if (upload_->done) {  // Its answer was lost.
      *response_.mutable_table() = *upload_->done;
      return absl::OkStatus();
    }
    upload_id_ = header.upload_id();
  }
  if (upload_->import != nullptr) return absl::OkStatus();  // Goes on.
  upload_->publish = request.publish;
  EMB_ASSIGN_OR_RETURN(upload_->import, deps_.manager.StartImport(request));
  return absl::OkStatus();
}

absl::Status ImportReactor::TakeData() {
  if (upload_ == nullptr || ended_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data: sent ", ended_ ? "after the end" : "before the header"));
  }
  TableManager::Import& import = *upload_->import;
  const pb::ImportData& data = message_.data();
  if (data.data().size() > kDataBytesMax) {
    return InvalidField("data.data",
                        absl::StrCat(": ", data.data().size(),
                                     " bytes, want at most ", kDataBytesMax));
  }
  if (data.offset() != import.offset()) {
    return InvalidField(
        "data.offset",
        absl::StrCat(" = ", data.offset(), ", want ", import.offset()));
  }
  const absl::Span<const std::byte> bytes(
      reinterpret_cast<const std::byte*>(data.data().data()),
      data.data().size());
  if (data.has_checksum() && data.checksum() != WireChecksum(bytes)) {
    return absl::DataLossError(absl::StrCat("data.checksum: ", bytes.size(),
                                            " bytes at ", data.offset(),
                                            " were changed on their way"));
  }
  upload_->hash.Update(bytes);
  return import.Append(bytes);
}

absl::Status ImportReactor::TakeEnd() {
  if (upload_ == nullptr || ended_) {
    return absl::InvalidArgumentError(
        absl::StrCat("end: sent ", ended_ ? "twice" : "before the header"));
  }
  ended_ = true;
  const std::string digest = DigestToHex(upload_->hash.Finish());
  if (message_.end().digest() == digest) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("end.digest = \"",
                                          message_.end().digest().substr(0, 64),
                                          "\", but what came has ", digest));
}

// The caller has sent its last message, or is gone.
absl::Status ImportReactor::Complete() {
  if (context_.IsCancelled()) {
    broken_ = true;
    return absl::CancelledError("import cancelled");
  }
  if (upload_ == nullptr) {
    return absl::InvalidArgumentError("header: missing");
  }
  if (!upload_id_.empty() && !ended_) {
    // Where a connection breaks, this may be known before the cancellation.
    broken_ = true;
    return absl::InvalidArgumentError(
        "end: missing, want it of an import with an upload_id");
  }
  EMB_ASSIGN_OR_RETURN(TablePtr table, upload_->import->Finish());
  LogTable("table_imported", *table);
  if (upload_->publish && table->rows == nullptr) {
    upload_->import.reset();  // Gives the name free.
    const VersionRecord& record = table->record;
    EMB_ASSIGN_OR_RETURN(
        const auto published,
        deps_.versions.Publish({{record.spec.name, record.version}}));
    table = published.front();
  }
  *response_.mutable_table() =
      TableInfoToProto(*table, *deps_.registry.snapshot());
  return absl::OkStatus();
}

void ImportReactor::End(const absl::Status& status) {
  if (!status.ok()) LogFailure("import_failed", status);
  if (broken_ && !upload_id_.empty() && upload_->import) {
    deps_.park.Park(upload_id_, std::move(upload_));
  } else {
    Leave(status.ok());
  }
  Finish(ToGrpcStatus(status));
}

// Before the caller hears of it: the name is free, and what was written of a
// failed import is gone.
void ImportReactor::Leave(bool done) {
  const std::string header = upload_ == nullptr ? "" : upload_->header;
  upload_.reset();
  if (upload_id_.empty()) return;
  if (done) {
    deps_.park.Finish(upload_id_, header, response_.table());
  } else {
    deps_.park.End(upload_id_);
  }
}

}  // namespace emb
