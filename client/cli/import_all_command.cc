// embctl table import-all.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/import_manifest.h"
#include "client/cli/interrupt_guard.h"
#include "client/cli/output.h"
#include "client/cli/table_flags.h"
#include "client/cli/table_import.h"
#include "client/formats/table_file.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct ImportAllFlags {
  std::string file;
  std::string format;
  std::string prefix;
  bool no_publish = false;
};

using Imports = std::vector<std::unique_ptr<TableImport>>;

// What is to be made of a file.
struct Plan {
  std::vector<ImportJob> jobs;
  std::vector<std::string> skipped;  // Tensors that are no tables.
};

absl::StatusOr<Plan> PlanTensors(const ImportAllFlags& flags) {
  Plan plan;
  EMB_ASSIGN_OR_RETURN(const std::vector<NamedShape> tensors,
                       ListTensors(flags.file, flags.format));
  for (const NamedShape& tensor : tensors) {
    if (tensor.shape.size() != 2) {
      plan.skipped.push_back(absl::StrCat(
          tensor.name, " [", absl::StrJoin(tensor.shape, ", "), "]"));
      continue;
    }
    if (tensor.name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", flags.file,
                       "\": one tensor without a name, want table import"));
    }
    ImportJob job;
    job.table.name = flags.prefix + tensor.name;
    job.file = flags.file;
    job.read.format = flags.format;
    job.read.tensor = tensor.name;
    plan.jobs.push_back(std::move(job));
  }
  if (!plan.jobs.empty()) return plan;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", flags.file, "\": no tensor of two dimensions"));
}

absl::StatusOr<Plan> MakePlan(const ImportAllFlags& flags) {
  if (!IsImportManifest(flags.file)) return PlanTensors(flags);
  if (!flags.format.empty()) {
    return absl::InvalidArgumentError(
        "--format: a manifest says it table by table");
  }
  Plan plan;
  EMB_ASSIGN_OR_RETURN(plan.jobs, ReadImportManifest(flags.file));
  for (ImportJob& job : plan.jobs) {
    job.table.name = flags.prefix + job.table.name;
  }
  return plan;
}

// All files, before the server hears of any of them.
absl::StatusOr<Imports> OpenAll(const Plan& plan) {
  Imports imports;
  for (ImportJob job : plan.jobs) {
    job.no_publish = true;
    EMB_ASSIGN_OR_RETURN(imports.emplace_back(),
                         TableImport::Open(std::move(job)));
  }
  return imports;
}

std::string VersionsOf(const Imports& imports, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", imports[i]->name(), "@",
                    imports[i]->table().version);
  }
  return text;
}

// A table that was not there before goes again, with its only version. Of
// others the version is kept, which nobody sees and the next ones replace.
absl::Status TakeBack(const Imports& imports, size_t count,
                      const absl::Status& why, const Client& client,
                      const Session& session) {
  std::string kept;
  for (size_t i = 0; i < count; ++i) {
    const TableImport& import = *imports[i];
    if (!import.before() &&
        client.DropTable(import.name(), session.call).ok()) {
      continue;
    }
    absl::StrAppend(&kept, kept.empty() ? "" : ", ", import.name(), "@",
                    import.table().version);
  }
  return {why.code(), absl::StrCat(why.message(), "; nothing was published",
                                   kept.empty() ? "" : ", kept: ", kept)};
}

absl::Status SendAll(const Imports& imports, const Client& client,
                     Session& session) {
  for (size_t i = 0; i < imports.size(); ++i) {
    const absl::Status status = imports[i]->Send(client, session);
    if (!status.ok()) return TakeBack(imports, i, status, client, session);
  }
  return absl::OkStatus();
}

absl::Status PublishAll(const Imports& imports, const Client& client,
                        Session& session) {
  std::vector<TableVersion> versions;
  versions.reserve(imports.size());
  for (const auto& import : imports) {
    versions.push_back({import->name(), import->table().version});
  }
  const auto published = client.PublishVersions(versions, session.call);
  if (published.ok()) return absl::OkStatus();
  return TakeBack(imports, imports.size(), published.status(), client, session);
}

void Report(const Imports& imports, const Plan& plan, bool published,
            Session& session) {
  if (session.json) {
    nlohmann::ordered_json json = {{"tables", nlohmann::ordered_json::array()},
                                   {"published", published},
                                   {"skipped", plan.skipped}};
    for (const auto& import : imports) {
      nlohmann::ordered_json table = import->Json();
      table["current"] = published;
      json["tables"].push_back(std::move(table));
    }
    session.out << JsonLine(json);
    return;
  }
  for (const auto& import : imports) {
    PrintTable("imported", import->table(), session);
    import->DescribeSource(session);
  }
  for (const std::string& name : plan.skipped) {
    session.out << "skipped " << name << ": no table\n";
  }
  session.out << (published ? "published " : "not published: ")
              << VersionsOf(imports, imports.size())
              << (published ? ", in one step\n" : "\n");
}

absl::Status ImportAll(const ImportAllFlags& flags, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Plan plan, MakePlan(flags));
  EMB_ASSIGN_OR_RETURN(const Imports imports, OpenAll(plan));
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  const InterruptGuard guard;
  EMB_RETURN_IF_ERROR(SendAll(imports, client, session));
  if (!flags.no_publish) {
    EMB_RETURN_IF_ERROR(PublishAll(imports, client, session));
  }
  Report(imports, plan, !flags.no_publish, session);
  return absl::OkStatus();
}

}  // namespace

void AddImportAllCommand(CLI::App& table, Session& session) {
  CLI::App* const command = table.add_subcommand(
      "import-all",
      "Makes several tables from one file, and publishes them in one step\n\n"
      "All tensors of two dimensions of a .safetensors, .npz or .pt file, "
      "each a\ntable of its name; or the tables that a manifest lists, a file "
      "that ends in\n.json. Lookups see all of the new versions or none.");
  const auto flags = std::make_shared<ImportAllFlags>();
  command->add_option("FILE", flags->file, "The file, or a manifest")
      ->required();
  command
      ->add_option("--prefix", flags->prefix,
                   "What the tables' names begin with: \"model.\"")
      ->option_text("TEXT");
  command
      ->add_option("--format", flags->format,
                   "safetensors, npz or torch, if not to be recognised by its "
                   "content")
      ->option_text("FORMAT");
  command->add_flag("--no-publish", flags->no_publish,
                    "Make the versions, but go on serving those before");
  command->footer(
      "Examples:\n  embctl table import-all model.safetensors --prefix "
      "ranker.\n"
      "  embctl table import-all tables.json\n\n"
      "A manifest, whose keys are the flags of table import:\n"
      "  {\"tables\": [{\"name\": \"item\", \"file\": \"item.npy\", "
      "\"padding_idx\": 0},\n"
      "              {\"name\": \"user\", \"file\": \"model.pt\", \"tensor\": "
      "\"user.weight\"}]}\n");
  command->callback([flags, &session] {
    session.action = [flags, &session] { return ImportAll(*flags, session); };
  });
}

}  // namespace emb
