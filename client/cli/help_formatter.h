// The layout of embctl's --help: at most 80 columns, values named as people
// name them.
#ifndef EMB_CLIENT_CLI_HELP_FORMATTER_H_
#define EMB_CLIENT_CLI_HELP_FORMATTER_H_

#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"

namespace emb {

// An option's value is called what option_text() says; nothing is printed
// about its C++ type.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_subcommands(const CLI::App* app,
                               CLI::AppFormatMode mode) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_option(const CLI::Option* option,
                          bool is_positional) const override;
  std::string make_option_usage(const CLI::Option* option) const override;

 private:
  // `name` in the first column, the words of `text` in the second.
  std::string Entry(const std::string& name, const std::string& text) const;
};

}  // namespace emb

#endif  // EMB_CLIENT_CLI_HELP_FORMATTER_H_
