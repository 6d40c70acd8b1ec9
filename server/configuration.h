// Where the server's settings come from: defaults, then the configuration file,
// then the environment, then the command line. Later ones win.
#ifndef EMB_SERVER_CONFIGURATION_H_
#define EMB_SERVER_CONFIGURATION_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/config_file.h"
#include "server/server.h"

namespace emb {

// The keys of a configuration file: all flags but those that say what to do
// rather than how (kCommandLineOnly in configuration.cc).
std::vector<ConfigKey> ConfigKeys();

// Configuration is the value of every flag and where it comes from. The flags
// themselves hold the same values.
//
// Threads  One thread at a time, which is also the only one to read flags.
class Configuration {
 public:
  // Text by flag.
  using Values = std::map<std::string, std::string>;

  struct Change {
    std::string name;
    std::string before;
    std::string after;
  };
  struct Changes {
    std::vector<Change> applied;
    std::vector<Change> need_restart;
  };

  // Sets all flags. `given` are those of the command line.
  //
  // Errors   INVALID_ARGUMENT  as ReadConfigFile; a value that its flag does
  //                            not read, also one that does not count because
  //                            a later one wins. Names file and line, or the
  //                            variable.
  static absl::StatusOr<Configuration> Read(Values given);

  // As a file that Read reads back, with where each value comes from.
  //
  // Errors   INVALID_ARGUMENT  a value is no UTF-8, as TOML has to be.
  absl::StatusOr<std::string> ToToml() const;

  // Reads file and environment again. Of what differs, what IsReloadable goes
  // into the flags and, as options, to `apply`. On errors, also those that
  // `apply` returns, nothing changes. `apply` is called when nothing differs,
  // too: files that options name may have changed.
  //
  // Errors   As Read and OptionsFromFlags; those of `apply`.
  absl::StatusOr<Changes> Reload(
      const std::function<absl::Status(const ServerOptions&)>& apply);

 private:
  struct Setting {
    std::string value;
    std::string source;  // Of the layer, and its place there.
  };
  using Settings = std::map<std::string, Setting>;

  explicit Configuration(Values given) : given_(std::move(given)) {}

  // All layers, which leaves the flags set to them, or to anything on errors.
  absl::StatusOr<Settings> ReadLayers() const;
  absl::StatusOr<Changes> ApplyReloadable(
      const std::function<absl::Status(const ServerOptions&)>& apply);

  Values given_;
  Settings settings_;
};

}  // namespace emb

#endif  // EMB_SERVER_CONFIGURATION_H_
