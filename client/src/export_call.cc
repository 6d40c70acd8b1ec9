#include "client/src/export_call.h"

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/src/convert.h"
#include "client/src/import_stream.h"
#include "client/src/status_from_grpc.h"
#include "client/src/wire_hash.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr absl::Duration kFirstPause = absl::Milliseconds(100);

// One call: the next message is read while the one before is taken.
//
// Threads  gRPC's threads call the On... methods; one thread the others.
class ExportCall final
    : public grpc::ClientReadReactor<pb::ExportTableResponse> {
 public:
  ExportCall(pb::TableAdmin::Stub& stub, pb::ExportTableRequest request,
             absl::Duration stall_timeout)
      : stall_timeout_(
            absl::ToChronoMicroseconds(FiniteTimeout(stall_timeout))),
        request_(std::move(request)) {
    stub.async()->ExportTable(&context_, &request_, this);
    // Until Finish: reads are started outside of reactions.
    AddHold();
    StartRead(&message_);
    StartCall();
  }

  // Takes the next message; false at the end, or if none came in time.
  bool Next(pb::ExportTableResponse& message) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (!changed_.wait_for(lock, stall_timeout_, [&] { return read_; })) {
        stalled_ = true;
      }
      if (stalled_ || !read_ok_) return false;
      read_ = false;
      message.Swap(&message_);
    }
    StartRead(&message_);
    return true;
  }

  // Call once, last. Ends the call if it is not over.
  grpc::Status Finish(bool cancel) {
    if (cancel || stalled_) context_.TryCancel();
    RemoveHold();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return done_; });
    return status_;
  }

  bool stalled() const { return stalled_; }

  void OnReadDone(bool ok) override {
    std::lock_guard<std::mutex> lock(mutex_);
    read_ = true;
    read_ok_ = ok;
    changed_.notify_all();
  }

  void OnDone(const grpc::Status& status) override {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
    status_ = status;
    changed_.notify_all();
  }

 private:
  const std::chrono::microseconds stall_timeout_;
  grpc::ClientContext context_;
  const pb::ExportTableRequest request_;
  bool stalled_ = false;  // Of the calling thread alone.

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_; message_ while it is being read is gRPC's.
  pb::ExportTableResponse message_;
  bool read_ = false;
  bool read_ok_ = true;
  bool done_ = false;
  grpc::Status status_;
};

// What is known and taken so far, over all calls.
class Export {
 public:
  Export(std::string name, const ExportOptions& export_options,
         const ExportSink& sink)
      : options_(export_options), sink_(sink) {
    request_.set_name(std::move(name));
    request_.set_version(export_options.version);
  }

  // One call. UNAVAILABLE: another one may go on.
  absl::Status RunOnce(pb::TableAdmin::Stub& stub, const std::string& address) {
    request_.set_offset(offset_);
    WireHash hash;
    ExportCall call(stub, request_, options_.stall_timeout);
    pb::ExportTableResponse message;
    absl::Status taken;
    while (taken.ok() && !ended_ && call.Next(message)) {
      taken = Take(message, hash);
    }
    const grpc::Status status = call.Finish(/*cancel=*/!taken.ok());
    if (!taken.ok()) return taken;
    if (call.stalled()) {
      return absl::DeadlineExceededError(absl::StrCat(
          address, ": nothing came for ",
          absl::FormatDuration(options_.stall_timeout), ", export given up"));
    }
    absl::Status result = StatusFromGrpc(status, address);
    if (!result.ok() || ended_) return result;
    return absl::DataLossError(
        absl::StrCat(address, ": the export ended before its last row"));
  }

  int64_t offset() const { return offset_; }
  const TableInfo& table() const { return table_; }

 private:
  absl::Status Take(const pb::ExportTableResponse& message, WireHash& hash) {
    switch (message.part_case()) {
      case pb::ExportTableResponse::kHeader:
        return TakeHeader(message.header());
      case pb::ExportTableResponse::kData:
        return TakeData(message.data(), hash);
      case pb::ExportTableResponse::kEnd:
        return TakeEnd(message.end(), hash);
      case pb::ExportTableResponse::PART_NOT_SET:
        break;
    }
    return absl::DataLossError("export: a message without a part");
  }

  absl::Status TakeHeader(const pb::ExportHeader& header) {
    if (begun_) return absl::OkStatus();  // Goes on: as it was asked for.
    begun_ = true;
    table_ = FromProto(header.table());
    request_.set_version(table_.version);
    request_.set_expected_revision(table_.revision);
    return sink_.begin(table_);
  }

  absl::Status TakeData(const pb::ExportData& data, WireHash& hash) {
    if (!begun_ || data.offset() != offset_) {
      return absl::DataLossError(absl::StrCat(
          "export: rows at byte ", data.offset(), ", want ", offset_));
    }
    if (WireChecksum(data.data()) != data.checksum()) {
      return absl::DataLossError(absl::StrCat("export: ", data.data().size(),
                                              " bytes at ", offset_,
                                              " were changed on their way"));
    }
    hash.Update(data.data());
    absl::Status status =
        sink_.rows({reinterpret_cast<const std::byte*>(data.data().data()),
                    data.data().size()});
    if (!status.ok()) return status;
    offset_ += static_cast<int64_t>(data.data().size());
    if (options_.progress) options_.progress(offset_);
    return absl::OkStatus();
  }

  absl::Status TakeEnd(const pb::ExportEnd& end, const WireHash& hash) {
    const int64_t want = table_.options.num_rows * table_.options.dim *
                         static_cast<int64_t>(sizeof(float));
    if (offset_ != want || hash.Finish() != end.digest()) {
      return absl::DataLossError(
          absl::StrCat("export: ", offset_, " bytes of digest ", hash.Finish(),
                       ", want ", want, " of ", end.digest()));
    }
    ended_ = true;
    return absl::OkStatus();
  }

  const ExportOptions& options_;
  const ExportSink& sink_;
  pb::ExportTableRequest request_;
  TableInfo table_;
  bool begun_ = false;
  bool ended_ = false;
  int64_t offset_ = 0;
};

}  // namespace

absl::StatusOr<TableInfo> RunExport(pb::TableAdmin::Stub& stub,
                                    const std::string& address,
                                    const std::string& name,
                                    const ExportOptions& export_options,
                                    const ExportSink& sink) {
  Export state(name, export_options, sink);
  int tries = 0;
  absl::Duration pause = kFirstPause;
  while (true) {
    const int64_t before = state.offset();
    const absl::Status status = state.RunOnce(stub, address);
    if (status.ok()) return state.table();
    if (state.offset() > before) {
      tries = 0;
      pause = kFirstPause;
    }
    // Before the first row nothing is lost by trying it oneself.
    if (!absl::IsUnavailable(status) || state.offset() == 0 ||
        ++tries > export_options.retries) {
      return status;
    }
    absl::SleepFor(pause);
    pause *= 2;
  }
}

}  // namespace emb
