// embctl table import.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/npy_file.h"
#include "client/cli/output.h"
#include "client/cli/progress_bar.h"
#include "client/cli/table_flags.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct ImportFlags {
  TableFlags table;
  std::string file;
  std::string format = "npy";
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

absl::StatusOr<TableInfo> Send(const Client& client, const ImportFlags& flags,
                               const TableOptions& options, NpyFile& file,
                               Session& session) {
  ImportOptions import_options;
  import_options.keep_padding_row = flags.keep_padding_row;
  import_options.publish = !flags.no_publish;
  import_options.no_padding_idx = flags.no_padding_idx;
  import_options.no_max_norm = flags.no_max_norm;
  if (session.call.timeout)
    import_options.stall_timeout = *session.call.timeout;
  std::unique_ptr<ProgressBar> bar;
  if (session.err_is_terminal) {
    bar = std::make_unique<ProgressBar>(
        options.name, file.num_elements() * static_cast<int64_t>(sizeof(float)),
        session.err, absl::Now);
    import_options.progress = [&bar](int64_t bytes) { bar->Update(bytes); };
  }
  return client.ImportTable(
      options,
      [&file](absl::Span<std::byte> buffer) { return file.Read(buffer); },
      import_options);
}

absl::Status Import(ImportFlags flags, Session& session) {
  if (flags.format != "npy") {
    return absl::UnimplementedError(
        absl::StrCat("--format: \"", flags.format, "\", this build reads npy"));
  }
  // The file is checked as a whole before the server hears of it.
  EMB_ASSIGN_OR_RETURN(NpyFile file, OpenTableFile(flags.file));
  flags.table.rows = file.header().shape[0];
  flags.table.dim = file.header().shape[1];
  EMB_ASSIGN_OR_RETURN(const TableOptions options, OptionsOf(flags.table));
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  EMB_ASSIGN_OR_RETURN(const std::optional<TableInfo> before,
                       FindTable(client, options.name, session.call));
  EMB_RETURN_IF_ERROR(CheckPaddingRow(flags, before));
  EMB_ASSIGN_OR_RETURN(const TableInfo table,
                       Send(client, flags, options, file, session));
  PrintTable(table.current ? "imported" : "imported, not published,", table,
             session);
  if (before && !session.json) {
    session.out << DescribeNextVersion(*before, table);
  }
  return absl::OkStatus();
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
  command
      ->add_option("FILE", flags->file,
                   ".npy file: float32, little-endian, C order, shape "
                   "(rows, dim)")
      ->required();
  command->add_option("--format", flags->format, "Format of the file")
      ->option_text("FORMAT")
      ->capture_default_str();
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
      "Example:\n  embctl table import item item.npy --padding-idx 0\n");
  command->callback([flags, &session] {
    session.action = [flags, &session] { return Import(*flags, session); };
  });
}

}  // namespace emb
