// embctl plan.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/number_check.h"
#include "client/cli/output.h"
#include "client/cli/plan/plan_output.h"
#include "client/cli/plan/size_plan.h"
#include "client/formats/format.h"
#include "client/formats/table_file.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct PlanFlags {
  std::string file;
  ReadOptions read;
  std::string dtype = "float32";
  int64_t tables = 1;
  std::string swap_policy = "load-first";
  PlanOptions options;
};

// All tables of a file that holds several, as table import-all takes them.
std::vector<PlannedTable> TablesOf(const std::vector<NamedShape>& tensors) {
  std::vector<PlannedTable> tables;
  for (const NamedShape& tensor : tensors) {
    if (tensor.shape.size() != 2) continue;
    tables.push_back({.num_rows = tensor.shape[0], .dim = tensor.shape[1]});
  }
  return tables;
}

absl::StatusOr<std::vector<PlannedTable>> ReadShapes(const PlanFlags& flags) {
  const auto file = TableFile::Open(flags.file, flags.read);
  if (file.ok()) {
    return std::vector<PlannedTable>{
        {.num_rows = file->num_rows(), .dim = file->dim()}};
  }
  if (!flags.read.tensor) {
    const auto tensors = ListTensors(flags.file, flags.read.format);
    if (tensors.ok()) {
      std::vector<PlannedTable> tables = TablesOf(*tensors);
      if (!tables.empty()) return tables;
    }
  }
  return file.status();
}

absl::StatusOr<std::vector<PlannedTable>> Shapes(const PlanFlags& flags) {
  if (!flags.file.empty()) return ReadShapes(flags);
  if (flags.read.rows == 0 || flags.read.dim == 0) {
    return absl::InvalidArgumentError("want FILE, or --rows and --dim");
  }
  return std::vector<PlannedTable>{
      {.num_rows = flags.read.rows, .dim = flags.read.dim}};
}

absl::Status Plan(const PlanFlags& flags, Session& session) {
  const std::optional<DType> dtype = ParseDType(flags.dtype);
  if (!dtype) {
    return absl::InvalidArgumentError(
        absl::StrCat("--dtype: \"", flags.dtype,
                     "\", want float32, float16, bfloat16, int8 or int4"));
  }
  PlanOptions options = flags.options;
  options.unload_first = flags.swap_policy == "unload-first";
  EMB_ASSIGN_OR_RETURN(std::vector<PlannedTable> tables, Shapes(flags));
  for (PlannedTable& table : tables) {
    table.dtype = *dtype;
    table.count = flags.tables;
  }
  EMB_ASSIGN_OR_RETURN(const SizePlan plan, PlanSizes(tables, options));
  if (session.json) {
    session.out << JsonLine(PlanJson(plan));
  } else {
    session.out << DescribePlan(plan, options);
  }
  return absl::OkStatus();
}

void AddTableFlags(CLI::App& command, PlanFlags& flags) {
  command.add_option("FILE", flags.file,
                     "File that holds the table, or several; only its header "
                     "is read, if it has one");
  command.add_option("--rows", flags.read.rows, "Rows of a table")
      ->option_text("N")
      ->transform(AsInteger())
      ->check(CLI::PositiveNumber);
  command.add_option("--dim", flags.read.dim, "Values a row")
      ->option_text("D")
      ->transform(AsInteger())
      ->check(CLI::PositiveNumber);
  command
      .add_option("--dtype", flags.dtype,
                  "Type of the stored elements: float32, float16, bfloat16, "
                  "int8 or int4")
      ->option_text("TYPE")
      ->capture_default_str();
  command.add_option("--tables", flags.tables, "So many tables of that shape")
      ->option_text("K")
      ->transform(AsInteger())
      ->check(IsFromOneTo(1'000'000))
      ->capture_default_str();
  command
      .add_option("--format", flags.read.format,
                  absl::StrCat("Format of the file, if not to be recognised: ",
                               FormatNames()))
      ->option_text("FORMAT");
  command
      .add_option("--tensor", flags.read.tensor,
                  "Which of the file's tensors; all that are tables")
      ->option_text("KEY");
}

void AddServerFlags(CLI::App& command, PlanFlags& flags) {
  command
      .add_option("--versions", flags.options.keep_versions,
                  "Versions kept on disk: the server's --keep_versions")
      ->option_text("K")
      ->transform(AsInteger())
      ->check(IsFromOneTo(10'000))
      ->capture_default_str();
  command
      .add_option("--swap-policy", flags.swap_policy,
                  "The server's: load-first or unload-first")
      ->option_text("POLICY")
      ->check(CLI::IsMember({"load-first", "unload-first"}))
      ->capture_default_str();
  command
      .add_option("--update-rows", flags.options.update_rows,
                  "Rows updated at a time; 0: rows are only imported")
      ->option_text("N")
      ->transform(AsInteger())
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--ids", flags.options.lookup_ids, "Ids of a lookup")
      ->option_text("N")
      ->transform(AsInteger())
      ->check(IsFromOneTo(1'000'000'000))
      ->capture_default_str();
}

}  // namespace

void AddPlanCommand(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "plan",
      "Says what a table or a file takes, without a server\n\n"
      "Memory and disk are computed as the server lays them out; times are\n"
      "those measured on a machine of ours.");
  const auto flags = std::make_shared<PlanFlags>();
  AddTableFlags(*command, *flags);
  AddServerFlags(*command, *flags);
  command->footer(
      "Examples:\n  embctl plan --rows 100000000 --dim 64 --dtype int8\n"
      "  embctl plan model.safetensors --versions 3\n");
  command->callback([flags, &session] {
    session.action = [flags, &session] { return Plan(*flags, session); };
  });
}

}  // namespace emb
