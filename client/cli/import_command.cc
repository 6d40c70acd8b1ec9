// embctl table import.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/number_check.h"
#include "client/cli/output.h"
#include "client/cli/progress_bar.h"
#include "client/cli/table_flags.h"
#include "client/cli/token_file.h"
#include "client/formats/format.h"
#include "client/formats/row_reader.h"
#include "client/formats/table_file.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct ImportFlags {
  TableFlags table;
  std::string file;
  std::string tokens;
  ReadOptions read;
  bool dtype_given = false;
  bool keep_padding_row = false;
  bool no_publish = false;
  bool no_padding_idx = false;
  bool no_max_norm = false;
};

// The table that there is of this name, if there is one.
absl::StatusOr<std::optional<TableInfo>> FindTable(const Client& client,
                                                   const std::string& name,
                                                   const CallOptions& call) {
  auto table = client.GetTable(name, call);
  if (absl::IsNotFound(table.status())) return std::nullopt;
  if (!table.ok()) return table.status();
  return *std::move(table);
}

absl::Status CheckPaddingRow(const ImportFlags& flags,
                             const std::optional<TableInfo>& before) {
  const bool kept = before && before->options.padding_idx.has_value() &&
                    !flags.no_padding_idx;
  if (!flags.keep_padding_row || flags.table.padding_idx || kept) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "--keep-padding-row: there is none to keep, give --padding-idx");
}

absl::Status CheckFlags(const ImportFlags& flags) {
  std::error_code ignored;
  if (!flags.tokens.empty() &&
      std::filesystem::equivalent(flags.tokens, flags.file, ignored)) {
    return absl::InvalidArgumentError(
        "--tokens: would replace the file that is read");
  }
  return absl::OkStatus();
}

absl::StatusOr<TableInfo> Send(TableFile& file, const TableOptions& options,
                               ImportOptions import_options,
                               const Client& client, Session& session) {
  std::unique_ptr<ProgressBar> bar;
  if (session.err_is_terminal) {
    bar = std::make_unique<ProgressBar>(
        options.name,
        file.num_rows() * file.dim() * static_cast<int64_t>(sizeof(float)),
        session.err, absl::Now);
    import_options.progress = [&bar](int64_t bytes) { bar->Update(bytes); };
  }
  return client.ImportTable(
      options,
      [&file](absl::Span<std::byte> buffer) { return file.Read(buffer); },
      import_options);
}

nlohmann::ordered_json SourceJson(const TableFile& file) {
  const ConversionTally& tally = file.tally();
  return {{"format", std::string(file.format())},
          {"dtype", std::string(SourceTypeName(file.source_type()))},
          {"rounded", tally.num_rounded},
          {"max_abs_error", tally.max_abs_error},
          {"nan", tally.num_nan},
          {"infinite", tally.num_infinite}};
}

void Report(const TableInfo& table, const TableFile& file, Session& session) {
  if (session.json) {
    nlohmann::ordered_json json = TableJson(table);
    json["source"] = SourceJson(file);
    session.out << JsonLine(json);
    return;
  }
  PrintTable(table.current ? "imported" : "imported, not published,", table,
             session);
  const std::string conversion = DescribeConversion(file);
  if (!conversion.empty()) session.out << "  from " << conversion << "\n";
  if (table.quantization_error) {
    session.out << "  stored as " << ElementTypeName(table.options.dtype)
                << ", largest error "
                << absl::StrFormat("%.3g", table.quantization_error->max_abs)
                << "\n";
  }
}

absl::Status Import(ImportFlags flags, Session& session) {
  EMB_RETURN_IF_ERROR(CheckFlags(flags));
  std::unique_ptr<TokenFile> tokens;
  if (!flags.tokens.empty()) {
    EMB_ASSIGN_OR_RETURN(tokens, TokenFile::Create(flags.tokens));
    flags.read.tokens = [&tokens](int64_t row, absl::string_view token) {
      return tokens->Add(row, token);
    };
  }
  // Format, shape and size are checked before the server hears of it.
  EMB_ASSIGN_OR_RETURN(TableFile file, TableFile::Open(flags.file, flags.read));
  flags.table.rows = file.num_rows();
  flags.table.dim = file.dim();
  EMB_ASSIGN_OR_RETURN(TableOptions options, OptionsOf(flags.table));
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const std::optional<TableInfo> before,
                       FindTable(client, options.name, session.call));
  EMB_RETURN_IF_ERROR(CheckPaddingRow(flags, before));
  if (before && !flags.dtype_given) options.dtype = before->options.dtype;
  ImportOptions import_options;
  import_options.keep_padding_row = flags.keep_padding_row;
  import_options.publish = !flags.no_publish;
  import_options.no_padding_idx = flags.no_padding_idx;
  import_options.no_max_norm = flags.no_max_norm;
  if (session.call.timeout)
    import_options.stall_timeout = *session.call.timeout;
  EMB_ASSIGN_OR_RETURN(const TableInfo table,
                       Send(file, options, import_options, client, session));
  if (tokens) {
    EMB_RETURN_IF_ERROR(tokens->Commit());
  }
  Report(table, file, session);
  if (before && !session.json) {
    session.out << DescribeNextVersion(*before, table);
  }
  return absl::OkStatus();
}

void AddFileFlags(CLI::App& command, ImportFlags& flags) {
  command.add_option("FILE", flags.file, "File that holds the table")
      ->required();
  command
      .add_option("--format", flags.read.format,
                  absl::StrCat("Format of the file, if not to be recognised by "
                               "its content: ",
                               FormatNames(), " (raw-float16 and such)"))
      ->option_text("FORMAT");
  command
      .add_option("--tensor", flags.read.tensor,
                  "Which of the file's tensors: .npz, .safetensors, torch")
      ->option_text("KEY");
  command
      .add_option("--rows", flags.read.rows,
                  "Rows of raw values; held against what other files say")
      ->option_text("N")
      ->transform(AsInteger())
      ->check(CLI::PositiveNumber);
  command.add_option("--dim", flags.read.dim, "Values a row, likewise")
      ->option_text("D")
      ->transform(AsInteger())
      ->check(CLI::PositiveNumber);
  command
      .add_option("--tokens", flags.tokens,
                  "Keep the words or labels here, a line a row: row, tab, word")
      ->option_text("FILE");
}

}  // namespace

void AddImportCommand(CLI::App& table, Session& session) {
  CLI::App* const command = table.add_subcommand(
      "import",
      "Makes a table, or its next version, from a file\n\n"
      "Rows become visible all at once, when the last one is on disk. The "
      "next\n"
      "version of a table has as many rows as the file and keeps the table's\n"
      "dim, padding_idx, max_norm and norm_type, unless flags say otherwise.");
  const auto flags = std::make_shared<ImportFlags>();
  AddTableFlags(*command, flags->table);
  AddFileFlags(*command, *flags);
  command->add_flag("--keep-padding-row", flags->keep_padding_row,
                    "Keep the file's values of the padding row instead of "
                    "zeroing it, as from_pretrained does");
  command->add_flag("--no-publish", flags->no_publish,
                    "Make the version, but go on serving the one before: see "
                    "embctl table publish");
  command
      ->add_flag("--no-padding-idx", flags->no_padding_idx,
                 "Drop the padding_idx that the table has")
      ->excludes("--padding-idx");
  command
      ->add_flag("--no-max-norm", flags->no_max_norm,
                 "Drop the max_norm that the table has")
      ->excludes("--max-norm");
  command->footer(
      "Examples:\n  embctl table import item item.npy --padding-idx 0\n"
      "  embctl table import item model.pt --tensor item.weight\n"
      "  embctl table import words glove.txt --tokens words.tsv\n");
  command->callback([flags, command, &session] {
    flags->dtype_given = command->count("--dtype") > 0;
    session.action = [flags, &session] { return Import(*flags, session); };
  });
}

}  // namespace emb
