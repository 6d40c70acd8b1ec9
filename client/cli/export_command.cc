// embctl table export.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"
#include "client/cli/output_file.h"
#include "client/cli/progress_bar.h"
#include "client/cli/table_version.h"
#include "client/cli/text.h"
#include "client/cli/token_file.h"
#include "client/formats/row_writer.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct ExportFlags {
  std::string table;
  std::string file;
  std::string format;
  std::string tensor;
  std::string tokens;
  std::string metadata;
  bool force = false;
};

// What is there is not replaced without being told.
absl::Status CheckAbsent(const std::string& path, bool force) {
  std::error_code ignored;
  if (force || !std::filesystem::exists(path, ignored)) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat("\"", path, "\": exists, want another name or --force"));
}

// The files that one export makes, and what goes into them.
class ExportFiles {
 public:
  // `flags` outlives it.
  static absl::StatusOr<std::unique_ptr<ExportFiles>> Create(
      const ExportFlags& flags) {
    auto files = std::unique_ptr<ExportFiles>(new ExportFiles(flags));
    EMB_ASSIGN_OR_RETURN(files->format_, flags.format.empty()
                                             ? WriteFormatOfPath(flags.file)
                                             : WriteFormatNamed(flags.format));
    EMB_RETURN_IF_ERROR(CheckAbsent(flags.file, flags.force));
    EMB_ASSIGN_OR_RETURN(files->rows_, OutputFile::Create("FILE", flags.file));
    if (!flags.metadata.empty()) {
      EMB_RETURN_IF_ERROR(CheckAbsent(flags.metadata, flags.force));
      EMB_ASSIGN_OR_RETURN(files->metadata_,
                           OutputFile::Create("--metadata", flags.metadata));
    }
    EMB_ASSIGN_OR_RETURN(files->words_, files->OpenWords());
    return files;
  }

  absl::Status Begin(const TableInfo& table) {
    WriteOptions options;
    options.rows = table.options.num_rows;
    options.dim = table.options.dim;
    options.tensor = flags_.tensor.empty() ? table.options.name : flags_.tensor;
    if (words_) {
      options.token = [this] { return words_->Next(); };
    }
    EMB_ASSIGN_OR_RETURN(writer_, StartWriting(format_, std::move(options),
                                               [this](absl::string_view bytes) {
                                                 return rows_->Append(bytes);
                                               }));
    return absl::OkStatus();
  }

  absl::Status Write(absl::Span<const std::byte> bytes) {
    return writer_->Write({reinterpret_cast<const float*>(bytes.data()),
                           bytes.size() / sizeof(float)});
  }

  absl::Status Commit(const TableInfo& table) {
    if (metadata_) {
      EMB_RETURN_IF_ERROR(WriteMetadata(table.options.num_rows));
      EMB_RETURN_IF_ERROR(metadata_->Commit());
    }
    return rows_->Commit();
  }

 private:
  explicit ExportFiles(const ExportFlags& flags) : flags_(flags) {}

  // Null: rows are called by their numbers.
  absl::StatusOr<std::unique_ptr<TokenLines>> OpenWords() const {
    if (flags_.tokens.empty()) return nullptr;
    return TokenLines::Open(flags_.tokens);
  }

  // The projector's: a label a line, without a heading.
  absl::Status WriteMetadata(int64_t rows) {
    EMB_ASSIGN_OR_RETURN(const auto words, OpenWords());
    for (int64_t row = 0; row < rows; ++row) {
      std::string label = absl::StrCat(row);
      if (words) {
        EMB_ASSIGN_OR_RETURN(label, words->Next());
      }
      EMB_RETURN_IF_ERROR(metadata_->Append(label + "\n"));
    }
    return absl::OkStatus();
  }

  const ExportFlags& flags_;
  WriteFormat format_ = WriteFormat::kNpy;
  std::unique_ptr<OutputFile> rows_;
  std::unique_ptr<OutputFile> metadata_;  // Null: none is wanted.
  std::unique_ptr<TokenLines> words_;
  std::unique_ptr<RowWriter> writer_;
};

absl::StatusOr<TableInfo> Receive(const TableVersion& version,
                                  ExportFiles& files, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  ExportOptions options;
  options.version = version.version;
  if (session.call.timeout) options.stall_timeout = *session.call.timeout;
  std::unique_ptr<ProgressBar> bar;
  options.progress = [&bar](int64_t bytes) {
    if (bar) bar->Update(bytes);
  };
  ExportSink sink;
  sink.begin = [&](const TableInfo& table) {
    if (session.err_is_terminal) {
      bar = std::make_unique<ProgressBar>(
          table.options.name,
          table.options.num_rows * table.options.dim *
              static_cast<int64_t>(sizeof(float)),
          session.err, absl::Now);
    }
    return files.Begin(table);
  };
  sink.rows = [&](absl::Span<const std::byte> bytes) {
    return files.Write(bytes);
  };
  return client.ExportTable(version.name, sink, options);
}

absl::Status Export(const ExportFlags& flags, Session& session) {
  EMB_ASSIGN_OR_RETURN(const TableVersion version,
                       ParseTableVersion(flags.table));
  EMB_ASSIGN_OR_RETURN(const auto files, ExportFiles::Create(flags));
  EMB_ASSIGN_OR_RETURN(const TableInfo table,
                       Receive(version, *files, session));
  EMB_RETURN_IF_ERROR(files->Commit(table));
  if (session.json) {
    nlohmann::ordered_json json = TableJson(table);
    json["file"] = flags.file;
    session.out << JsonLine(json);
    return absl::OkStatus();
  }
  session.out << "exported " << table.options.name << " v" << table.version
              << " revision " << table.revision << ": "
              << WithCommas(table.options.num_rows) << " x "
              << table.options.dim << " to " << flags.file << "\n";
  return absl::OkStatus();
}

void AddFlags(CLI::App& command, ExportFlags& flags) {
  command.add_option("TABLE", flags.table, "NAME or NAME@VERSION")->required();
  command.add_option("FILE", flags.file, "File to write")->required();
  command
      .add_option("--format", flags.format,
                  "npy, safetensors, tsv (the projector's), word2vec-binary "
                  "or word2vec-text, if not to be told by the file's name")
      ->option_text("FORMAT");
  command
      .add_option("--tensor", flags.tensor,
                  "Name of the tensor in a .safetensors file [the table's]")
      ->option_text("KEY");
  command
      .add_option("--tokens", flags.tokens,
                  "Words of the rows, as table import --tokens keeps them [the "
                  "rows' numbers]")
      ->option_text("FILE");
  command
      .add_option("--metadata", flags.metadata,
                  "Write the words here too, one a line: the projector's "
                  "metadata")
      ->option_text("FILE");
  command.add_flag("--force", flags.force, "Replace files that exist");
}

}  // namespace

void AddExportCommand(CLI::App& table, Session& session) {
  CLI::App* const command = table.add_subcommand(
      "export",
      "Writes the rows of a table to a file, as float32\n\n"
      "All rows are of one moment, whatever changes meanwhile. The file "
      "appears\nwhen it is complete and its checksum agrees.");
  const auto flags = std::make_shared<ExportFlags>();
  AddFlags(*command, *flags);
  command->footer(
      "Examples:\n  embctl table export item item.npy\n"
      "  embctl table export item@7 item.safetensors --tensor item.weight\n"
      "  embctl table export words vectors.tsv --tokens words.tsv --metadata "
      "labels.tsv\n");
  command->callback([flags, &session] {
    session.action = [flags, &session] { return Export(*flags, session); };
  });
}

}  // namespace emb
