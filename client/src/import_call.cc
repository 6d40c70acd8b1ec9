#include "client/src/import_call.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/src/convert.h"
#include "client/src/import_source.h"
#include "client/src/import_stream.h"
#include "client/src/status_from_grpc.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kPauseMax = absl::Seconds(2);
// How often a server may forget an import before it is taken to be the cause.
constexpr int kForgottenMax = 5;
// For a server that is to drop what it has.
constexpr absl::Duration kDropPatience = absl::Seconds(5);

void SetTimeout(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

// One import, over as many calls as it takes.
class Import {
 public:
  Import(pb::TableAdmin::Stub& stub, const ImportServer& server,
         pb::ImportHeader header, const ImportOptions& import_options,
         const RowSource& rows)
      : stub_(&stub),
        server_(server),
        header_(std::move(header)),
        options_(import_options),
        source_(rows, import_options),
        stall_timeout_(FiniteTimeout(import_options.stall_timeout)) {
    if (source_.can_restart()) header_.set_upload_id(RandomId());
  }

  absl::StatusOr<TableInfo> Run() {
    while (true) {
      auto result = RunOnce();
      if (!MayGoOn(result.status())) return result;
      const auto done = FindPlace(result.status());
      if (!done.ok()) return done.status();
      if (*done) return **done;
    }
  }

 private:
  static std::string RandomId() {
    std::random_device random;
    return absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(),
                           random());
  }

  absl::StatusOr<TableInfo> RunOnce() {
    // Must outlive the call: a message may be on its way until it ends.
    pb::ImportTableRequest messages[2];
    ImportStream call(*stub_, CallPatience());
    all_sent_ = false;
    const auto sent = SendAll(call, messages);
    if (!sent.ok()) {
      call.Cancel();
      Drop();
      return sent.status();
    }
    all_sent_ = *sent;
    const grpc::Status status = *sent || !call.stalled()
                                    ? call.Finish(source_.offset())
                                    : call.Cancel();
    stalled_ = call.stalled();
    if (stalled_) {
      return absl::DeadlineExceededError(absl::StrCat(
          server_.address, ": nothing moved for ",
          absl::FormatDuration(options_.stall_timeout), ", import given up"));
    }
    const absl::Status result = StatusFromGrpc(status, server_.address);
    if (!result.ok()) return result;
    return FromProto(call.response().table());
  }

  // Sends everything; false if the call came to its end before that.
  absl::StatusOr<bool> SendAll(ImportStream& call,
                               pb::ImportTableRequest (&messages)[2]) {
    *messages[0].mutable_header() = header_;
    call.Send(messages[0]);
    int64_t sent = source_.offset();
    for (int next = 1;; next = 1 - next) {
      // While the other message is on its way.
      const auto more = source_.Read(messages[next]);
      if (!more.ok()) return more.status();
      const bool written = call.WaitForWrite(options_.cancelled);
      if (Cancelled()) return absl::CancelledError("import: cancelled");
      if (!written) return false;
      sent_rows_ = sent_rows_ || sent > 0;
      NoteSent(sent);
      if (options_.progress) options_.progress(sent);
      if (!*more) messages[next].mutable_end()->set_digest(source_.Digest());
      call.Send(messages[next]);
      if (!*more) return call.WaitForWrite(nullptr);
      sent = source_.offset();
    }
  }

  // What was sent before is no progress.
  void NoteSent(int64_t bytes) {
    if (bytes <= furthest_) return;
    furthest_ = bytes;
    moved_at_ = absl::Now();
    pause_ = absl::ZeroDuration();
  }

  // A connection that is not there when the import begins is the caller's to
  // try again; one that breaks or falls silent later is not.
  bool MayGoOn(const absl::Status& status) const {
    return source_.can_restart() &&
           (stalled_ || (sent_rows_ && (absl::IsUnavailable(status) ||
                                        absl::IsDeadlineExceeded(status))));
  }

  // How long one call may be silent: another one may get through.
  absl::Duration CallPatience() const {
    return source_.can_restart() ? stall_timeout_ / 3 : stall_timeout_;
  }

  bool Cancelled() const { return options_.cancelled && options_.cancelled(); }

  // Asks where to go on until the server answers, and goes there; or says what
  // came of it, if only the answer was lost.
  absl::StatusOr<std::optional<TableInfo>> FindPlace(const absl::Status& why) {
    if (stalled_) connect_anew_ = true;
    const absl::Duration patience =
        stall_timeout_ +
        (all_sent_ ? SettleTime(source_.offset()) : absl::ZeroDuration());
    while (true) {
      if (!Pause()) return absl::CancelledError("import: cancelled");
      const absl::Duration left = moved_at_ + patience - absl::Now();
      if (left <= absl::ZeroDuration()) return why;
      Reconnect();
      grpc::ClientContext context;
      SetTimeout(context, std::min(left, CallPatience()));
      pb::GetImportRequest request;
      request.set_upload_id(header_.upload_id());
      pb::GetImportResponse response;
      const grpc::Status status =
          stub_->GetImport(&context, request, &response);
      switch (status.error_code()) {
        case grpc::StatusCode::OK:
          if (response.has_table()) return FromProto(response.table());
          return Restart(response.offset());
        case grpc::StatusCode::NOT_FOUND:
          // The server was started anew, or nobody came in time.
          if (++forgotten_ > kForgottenMax) return why;
          furthest_ = 0;
          return Restart(0);
        case grpc::StatusCode::DEADLINE_EXCEEDED:
          connect_anew_ = true;
          break;
        case grpc::StatusCode::UNAVAILABLE:
          break;
        default:
          return why;
      }
    }
  }

  absl::StatusOr<std::optional<TableInfo>> Restart(int64_t offset) {
    absl::Status status = source_.Restart(offset);
    if (!status.ok()) {
      Drop();
      return status;
    }
    NoteSent(offset);
    return std::nullopt;
  }

  // Longer each time that nothing moved; false: cancelled meanwhile.
  bool Pause() {
    const absl::Time end = absl::Now() + pause_;
    pause_ = std::clamp(2 * pause_, kFirstPause, kPauseMax);
    while (all_sent_ || !Cancelled()) {
      const absl::Duration left = end - absl::Now();
      if (left <= absl::ZeroDuration()) return true;
      absl::SleepFor(std::min(left, kFirstPause));
    }
    Drop();
    return false;
  }

  // A connection that is silent would be so for a minute and more.
  void Reconnect() {
    if (!connect_anew_) return;
    connect_anew_ = false;
    own_stub_ = server_.connect();
    stub_ = own_stub_.get();
  }

  // Nobody goes on with it: the server is told, if it can be.
  void Drop() {
    if (header_.upload_id().empty()) return;
    const absl::Time give_up = absl::Now() + kDropPatience;
    absl::Duration pause = absl::Milliseconds(10);
    grpc::Status status;
    do {
      grpc::ClientContext context;
      SetTimeout(context, give_up - absl::Now());
      pb::DropImportRequest request;
      request.set_upload_id(header_.upload_id());
      pb::DropImportResponse response;
      status = stub_->DropImport(&context, request, &response);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return;
      absl::SleepFor(pause);  // A call still has it.
      pause *= 2;
    } while (absl::Now() + pause < give_up);
  }

  pb::TableAdmin::Stub* stub_;
  std::unique_ptr<pb::TableAdmin::Stub> own_stub_;
  const ImportServer& server_;
  pb::ImportHeader header_;
  const ImportOptions& options_;
  ImportSource source_;
  const absl::Duration stall_timeout_;

  bool sent_rows_ = false;
  bool all_sent_ = false;  // By the last call, and this:
  bool stalled_ = false;
  bool connect_anew_ = false;
  int forgotten_ = 0;
  int64_t furthest_ = 0;  // Bytes that were ever sent of what the server has.
  absl::Time moved_at_ = absl::Now();            // When that last grew.
  absl::Duration pause_ = absl::ZeroDuration();  // Before the next question.
};

}  // namespace

absl::StatusOr<TableInfo> RunImport(pb::TableAdmin::Stub& stub,
                                    const ImportServer& server,
                                    const pb::ImportHeader& header,
                                    const ImportOptions& import_options,
                                    const RowSource& rows) {
  return Import(stub, server, header, import_options, rows).Run();
}

}  // namespace emb
