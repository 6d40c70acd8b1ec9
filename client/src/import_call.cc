#include "client/src/import_call.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/src/convert.h"
#include "client/src/import_stream.h"
#include "client/src/status_from_grpc.h"
#include "client/src/wire_hash.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr size_t kPartBytes = size_t{1} << 20;
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
// Calls in a row that brought nothing further.
constexpr int kIdleTriesMax = 5;

// Reads the next part from the source into `message`; false at the end.
absl::StatusOr<bool> ReadPart(const RowSource& rows, int64_t offset,
                              pb::ImportTableRequest& message) {
  pb::ImportData& data = *message.mutable_data();
  std::string& buffer = *data.mutable_data();
  buffer.resize(kPartBytes);
  const auto count =
      rows({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
  if (!count.ok()) return count.status();
  if (*count > buffer.size()) {
    return absl::InternalError(absl::StrCat(
        "row source: gave ", *count, " bytes, want at most ", buffer.size()));
  }
  buffer.resize(*count);
  data.set_offset(offset);
  data.set_checksum(WireChecksum(buffer));
  return *count > 0;
}

// The rows, from wherever they are wanted.
class Source {
 public:
  Source(const RowSource& rows, const ImportOptions& import_options)
      : rows_(rows), restart_(import_options.restart) {}

  bool can_restart() const { return restart_ != nullptr; }

  // Reads the next part into `message`; false at the end.
  absl::StatusOr<bool> Read(pb::ImportTableRequest& message) {
    const auto more = ReadPart(rows_, offset_, message);
    if (more.ok()) Took(message);
    return more;
  }

  // Begins anew, and goes on behind the first `offset` bytes.
  absl::Status Restart(int64_t offset) {
    auto rows = restart_();
    if (!rows.ok()) return rows.status();
    rows_ = *std::move(rows);
    hash_ = std::make_unique<WireHash>();
    offset_ = 0;
    std::string skipped;
    while (offset_ < offset) {
      skipped.resize(
          static_cast<size_t>(std::min<int64_t>(kPartBytes, offset - offset_)));
      const auto count =
          rows_({reinterpret_cast<std::byte*>(skipped.data()), skipped.size()});
      if (!count.ok()) return count.status();
      if (*count == 0) {
        return absl::DataLossError("row source: fewer rows than before");
      }
      hash_->Update({skipped.data(), *count});
      offset_ += static_cast<int64_t>(*count);
    }
    return absl::OkStatus();
  }

  int64_t offset() const { return offset_; }
  std::string Digest() const { return hash_->Finish(); }

 private:
  void Took(const pb::ImportTableRequest& message) {
    hash_->Update(message.data().data());
    offset_ += static_cast<int64_t>(message.data().data().size());
  }

  RowSource rows_;
  const std::function<absl::StatusOr<RowSource>()> restart_;
  std::unique_ptr<WireHash> hash_ = std::make_unique<WireHash>();
  int64_t offset_ = 0;  // Of what has been read.
};

// One import, over as many calls as it takes.
class Import {
 public:
  Import(pb::TableAdmin::Stub& stub, const std::string& address,
         const pb::ImportHeader& header, const ImportOptions& import_options,
         const RowSource& rows)
      : stub_(stub),
        address_(address),
        header_(header),
        options_(import_options),
        source_(rows, import_options) {
    if (source_.can_restart()) header_.set_upload_id(RandomId());
  }

  absl::StatusOr<TableInfo> Run() {
    int64_t arrived = 0;
    for (int idle_tries = 0;;) {
      auto result = RunOnce();
      if (!absl::IsUnavailable(result.status()) || !source_.can_restart() ||
          !sent_rows_) {
        return result;
      }
      const auto done = FindPlace(result.status());
      if (!done.ok()) return done.status();
      if (*done) return **done;
      const bool moved = source_.offset() > arrived;
      arrived = std::max(arrived, source_.offset());
      idle_tries = moved ? 0 : idle_tries + 1;
      if (idle_tries > kIdleTriesMax) return result;
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
    ImportStream call(stub_, options_.stall_timeout);
    const auto sent = SendAll(call, messages);
    if (!sent.ok()) {
      // Where the server would wait for more, it is told that none comes.
      static_cast<void>(header_.upload_id().empty() ? call.Cancel()
                                                    : call.Finish());
      return sent.status();
    }
    const grpc::Status status =
        *sent || !call.stalled() ? call.Finish() : call.Cancel();
    if (call.stalled()) {
      return absl::DeadlineExceededError(absl::StrCat(
          address_, ": nothing moved for ",
          absl::FormatDuration(options_.stall_timeout), ", import given up"));
    }
    const absl::Status result = StatusFromGrpc(status, address_);
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
      if (!call.WaitForWrite()) return false;
      sent_rows_ = sent_rows_ || sent > 0;
      if (options_.progress) options_.progress(sent);
      if (!*more) messages[next].mutable_end()->set_digest(source_.Digest());
      call.Send(messages[next]);
      if (!*more) return call.WaitForWrite();
      sent = source_.offset();
    }
  }

  // Asks where to go on until the server answers, and goes there; or says what
  // came of it, if only the answer was lost.
  absl::StatusOr<std::optional<TableInfo>> FindPlace(const absl::Status& why) {
    const absl::Time give_up =
        absl::Now() + FiniteTimeout(options_.stall_timeout);
    pb::GetImportRequest request;
    request.set_upload_id(header_.upload_id());
    for (absl::Duration pause = kFirstPause;; pause *= 2) {
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(give_up));
      pb::GetImportResponse response;
      const grpc::Status status = stub_.GetImport(&context, request, &response);
      if (status.ok() && response.has_table()) {
        return FromProto(response.table());
      }
      // NOT_FOUND: it was started anew, or nobody came in time.
      if (status.ok() || status.error_code() == grpc::StatusCode::NOT_FOUND) {
        const absl::Status begun =
            source_.Restart(status.ok() ? response.offset() : 0);
        if (!begun.ok()) return begun;
        return std::nullopt;
      }
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE ||
          absl::Now() + pause >= give_up) {
        return why;
      }
      absl::SleepFor(pause);
    }
  }

  pb::TableAdmin::Stub& stub_;
  const std::string& address_;
  pb::ImportHeader header_;
  const ImportOptions& options_;
  Source source_;
  bool sent_rows_ = false;  // Before that, trying again is the caller's.
};

}  // namespace

absl::StatusOr<TableInfo> RunImport(pb::TableAdmin::Stub& stub,
                                    const std::string& address,
                                    const pb::ImportHeader& header,
                                    const ImportOptions& import_options,
                                    const RowSource& rows) {
  return Import(stub, address, header, import_options, rows).Run();
}

}  // namespace emb
