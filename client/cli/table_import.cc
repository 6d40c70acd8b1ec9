#include "client/cli/table_import.h"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/interrupt_guard.h"
#include "client/cli/output.h"
#include "client/cli/progress_bar.h"
#include "core/status_macros.h"

namespace emb {
namespace {

// The table that there is of this name, if there is one.
absl::StatusOr<std::optional<TableInfo>> FindTable(const Client& client,
                                                   const std::string& name,
                                                   const CallOptions& call) {
  auto table = client.GetTable(name, call);
  if (absl::IsNotFound(table.status())) return std::nullopt;
  if (!table.ok()) return table.status();
  return *std::move(table);
}

// All zero where there is no file: opening it says why.
FileStamp StampOf(const std::string& path) {
  struct stat file = {};
  if (stat(path.c_str(), &file) != 0) return {};
  return {file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec,
          file.st_mtim.tv_nsec};
}

absl::Status CheckJob(const ImportJob& job) {
  std::error_code ignored;
  if (!job.tokens.empty() &&
      std::filesystem::equivalent(job.tokens, job.file, ignored)) {
    return absl::InvalidArgumentError(
        "--tokens: would replace the file that is read");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TableImport>> TableImport::Open(ImportJob job) {
  EMB_RETURN_IF_ERROR(CheckJob(job));
  std::unique_ptr<TableImport> import(new TableImport(std::move(job)));
  EMB_RETURN_IF_ERROR(import->OpenFile());
  TableFlags& table = import->job_.table;
  table.rows = import->file_->num_rows();
  table.dim = import->file_->dim();
  EMB_ASSIGN_OR_RETURN(import->options_, OptionsOf(table));
  return import;
}

absl::Status TableImport::Send(const Client& client, Session& session) {
  EMB_ASSIGN_OR_RETURN(before_, FindTable(client, options_.name, session.call));
  EMB_RETURN_IF_ERROR(CheckPaddingRow());
  if (before_ && !job_.dtype_given) options_.dtype = before_->options.dtype;
  auto table = SendRows(client, session);
  if (!table.ok()) return AboutFile(table.status());
  table_ = *std::move(table);
  return tokens_ ? tokens_->Commit() : absl::OkStatus();
}

// The server names the row of a value that it refuses, but knows of no file.
absl::Status TableImport::AboutFile(const absl::Status& status) const {
  if (!absl::StartsWith(status.message(), "row ")) return status;
  return {status.code(),
          absl::StrCat("\"", job_.file, "\": ", status.message())};
}

absl::Status TableImport::CheckPaddingRow() const {
  const bool kept = before_ && before_->options.padding_idx.has_value() &&
                    !job_.no_padding_idx;
  if (!job_.keep_padding_row || job_.table.padding_idx || kept) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "--keep-padding-row: there is none to keep, give --padding-idx");
}

absl::StatusOr<TableInfo> TableImport::SendRows(const Client& client,
                                                Session& session) {
  ImportOptions import_options;
  import_options.keep_padding_row = job_.keep_padding_row;
  import_options.publish = !job_.no_publish;
  import_options.no_padding_idx = job_.no_padding_idx;
  import_options.no_max_norm = job_.no_max_norm;
  if (session.call.timeout) {
    import_options.stall_timeout = *session.call.timeout;
  }
  import_options.cancelled = [] {
    return InterruptGuard::interrupted().load();
  };
  std::unique_ptr<ProgressBar> bar;
  if (session.err_is_terminal) {
    bar = std::make_unique<ProgressBar>(
        options_.name,
        file_->num_rows() * file_->dim() * static_cast<int64_t>(sizeof(float)),
        session.err, absl::Now);
    import_options.progress = [&bar](int64_t bytes) { bar->Update(bytes); };
  }
  const RowSource rows = [this](absl::Span<std::byte> buffer) {
    return file_->Read(buffer);
  };
  import_options.restart = [this, rows]() -> absl::StatusOr<RowSource> {
    EMB_RETURN_IF_ERROR(OpenFile());
    return rows;
  };
  return client.ImportTable(options_, rows, import_options);
}

absl::Status TableImport::OpenFile() {
  const FileStamp stamp = StampOf(job_.file);
  if (!stamp_) stamp_ = stamp;
  if (!job_.tokens.empty()) {
    EMB_ASSIGN_OR_RETURN(tokens_, TokenFile::Create(job_.tokens));
    job_.read.tokens = [this](int64_t row, absl::string_view token) {
      return tokens_->Add(row, token);
    };
  }
  auto file = TableFile::Open(job_.file, job_.read);
  // What it was may have a shape that this has not: that comes first.
  if (stamp != *stamp_ || StampOf(job_.file) != *stamp_) {
    return absl::DataLossError(
        absl::StrCat("\"", job_.file, "\": changed since the import began"));
  }
  if (!file.ok()) return file.status();
  file_ = *std::move(file);
  return absl::OkStatus();
}

void TableImport::DescribeSource(Session& session) const {
  const std::string conversion = DescribeConversion(*file_);
  if (!conversion.empty()) session.out << "  from " << conversion << "\n";
  if (table_.quantization_error) {
    session.out << "  stored as " << ElementTypeName(table_.options.dtype)
                << ", largest error "
                << absl::StrFormat("%.3g", table_.quantization_error->max_abs)
                << "\n";
  }
}

nlohmann::ordered_json TableImport::Json() const {
  const ConversionTally& tally = file_->tally();
  nlohmann::ordered_json json = TableJson(table_);
  json["source"] = {
      {"format", std::string(file_->format())},
      {"dtype", std::string(SourceTypeName(file_->source_type()))},
      {"rounded", tally.num_rounded},
      {"max_abs_error", tally.max_abs_error},
      {"nan", tally.num_nan},
      {"infinite", tally.num_infinite}};
  return json;
}

}  // namespace emb
