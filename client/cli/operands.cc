#include "client/cli/operands.h"

#include <algorithm>

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/match.h"

namespace emb {
namespace {

// Nobody's name, number or file begins with this.
constexpr char kMark = '\x01';

}  // namespace

std::vector<std::string> MarkOperands(std::vector<std::string> args) {
  auto next = std::find(args.begin(), args.end(), "--");
  if (next == args.end()) return args;
  for (next = args.erase(next); next != args.end(); ++next) {
    if (absl::StartsWith(*next, "-")) next->insert(next->begin(), kMark);
  }
  return args;
}

std::string UnmarkOperand(const std::string& arg) {
  const bool marked = !arg.empty() && arg.front() == kMark;
  return marked ? arg.substr(1) : arg;
}

void UnmarkOperands(CLI::App& app) {
  for (CLI::Option* const option : app.get_options()) {
    if (!option->get_positional()) continue;
    // The transformation added last comes first, before checks of the value.
    option->transform(CLI::Validator(
        [](std::string& text) {
          text = UnmarkOperand(text);
          return std::string();
        },
        ""));
  }
  for (CLI::App* const command : app.get_subcommands({})) {
    UnmarkOperands(*command);
  }
}

}  // namespace emb
