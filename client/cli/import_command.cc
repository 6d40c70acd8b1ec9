// embctl table import.
#include <memory>
#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt_guard.h"
#include "client/cli/number_check.h"
#include "client/cli/output.h"
#include "client/cli/table_flags.h"
#include "client/cli/table_import.h"
#include "client/formats/format.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

absl::Status Import(const ImportJob& job, Session& session) {
  EMB_ASSIGN_OR_RETURN(const auto import, TableImport::Open(job));
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  const InterruptGuard guard;
  EMB_RETURN_IF_ERROR(import->Send(client, session));
  if (session.json) {
    session.out << JsonLine(import->Json());
    return absl::OkStatus();
  }
  const TableInfo& table = import->table();
  PrintTable(table.current ? "imported" : "imported, not published,", table,
             session);
  import->DescribeSource(session);
  if (import->before()) {
    session.out << DescribeNextVersion(*import->before(), table);
  }
  return absl::OkStatus();
}

void AddFileFlags(CLI::App& command, ImportJob& flags) {
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
  const auto flags = std::make_shared<ImportJob>();
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
