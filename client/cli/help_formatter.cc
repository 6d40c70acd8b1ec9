#include "client/cli/help_formatter.h"

#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace emb {
namespace {

constexpr size_t kColumns = 80;
constexpr size_t kFirstColumn = 26;

}  // namespace

HelpFormatter::HelpFormatter() {
  label("SUBCOMMAND", "COMMAND");
  label("Positionals", "Arguments");
}

std::string HelpFormatter::Entry(const std::string& name,
                                 const std::string& text) const {
  std::string line = absl::StrCat("  ", name);
  std::string entry;
  // A long name has its first line to itself.
  if (line.size() + 2 > kFirstColumn) {
    absl::StrAppend(&entry, line, "\n");
    line.clear();
  }
  line.resize(kFirstColumn, ' ');
  bool first = true;
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (!first && line.size() + 1 + word.size() > kColumns) {
      absl::StrAppend(&entry, line, "\n");
      line.assign(kFirstColumn, ' ');
      first = true;
    }
    absl::StrAppend(&line, first ? "" : " ", word);
    first = false;
  }
  return absl::StrCat(entry, line, "\n");
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode mode) const {
  std::string text = absl::StrCat(
      absl::StripAsciiWhitespace(app->get_description()), "\n\n",
      make_usage(app, name), make_positionals(app), make_groups(app, mode),
      make_subcommands(app, mode), "\n", app->get_footer());
  if (app->get_parent() != nullptr) {
    absl::StrAppend(&text, app->get_footer().empty() ? "" : "\n",
                    "Options of all commands: embctl --help\n");
  }
  return text;
}

std::string HelpFormatter::make_subcommands(const CLI::App* app,
                                            CLI::AppFormatMode /*mode*/) const {
  const std::vector<const CLI::App*> commands = app->get_subcommands({});
  if (commands.empty()) return "";
  std::string text = "\nCommands:\n";
  for (const CLI::App* const command : commands) {
    text += make_subcommand(command);
  }
  return text;
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  // The first line of the description.
  const std::vector<std::string> lines =
      absl::StrSplit(command->get_description(), '\n');
  return Entry(command->get_name(), lines[0]);
}

std::string HelpFormatter::make_option(const CLI::Option* option,
                                       bool is_positional) const {
  std::string name = option->get_name(is_positional, !is_positional);
  name = absl::StrReplaceAll(name, {{",", ", "}});
  std::string text = option->get_description();
  if (!is_positional) {
    if (!option->get_option_text().empty()) {
      absl::StrAppend(&name, " ", option->get_option_text());
    }
    if (option->get_required()) text += " (required)";
    if (!option->get_default_str().empty()) {
      absl::StrAppend(&text, " [", option->get_default_str(), "]");
    }
  }
  return Entry(name, text);
}

std::string HelpFormatter::make_option_usage(const CLI::Option* option) const {
  std::string name = option->get_name(true, false);
  if (option->get_expected_max() >= CLI::detail::expected_max_vector_size) {
    name += "...";
  }
  return option->get_required() ? name : absl::StrCat("[", name, "]");
}

}  // namespace emb
