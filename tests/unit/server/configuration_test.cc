#include "server/configuration.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/flags/flag.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/flag_definitions.h"
#include "server/flag_options.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Change = Configuration::Change;

// Sets a variable for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    setenv(name, value, 1);
  }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* const name_;
};

class ConfigurationTest : public testing::Test {
 protected:
  // Sets every flag to its default.
  void TearDown() override { EMB_EXPECT_OK(Configuration::Read({}).status()); }

  void Write(const std::string& text) { std::ofstream(path_) << text; }

  Configuration ReadFile(Configuration::Values given = {}) {
    given["config"] = path_;
    given["data_dir"] = "/nowhere";
    return Configuration::Read(std::move(given)).value();
  }

  // Reloads with an `apply` that keeps what it got.
  absl::StatusOr<Configuration::Changes> Reload(Configuration& configuration) {
    return configuration.Reload([this](const ServerOptions& options) {
      applied_ = options;
      return apply_status_;
    });
  }

  const TempDir dir_;
  const std::string path_ = dir_ / "config.toml";
  absl::Status apply_status_;
  absl::optional<ServerOptions> applied_;
};

TEST_F(ConfigurationTest, LaterLayersWin) {
  Write("dim_max = 2\ntables_max = 2\nrequest_ids_max = 2\n");
  const Variable tables("EMB_TABLES_MAX", "3");
  const Variable ids("EMB_REQUEST_IDS_MAX", "3");
  const Configuration configuration = ReadFile({{"request_ids_max", "4"}});
  const auto options = OptionsFromFlags();
  EMB_ASSERT_OK(options.status());
  EXPECT_EQ(options->limits.shape_dims_max, 16);
  EXPECT_EQ(options->limits.dim_max, 2);
  EXPECT_EQ(options->limits.tables_max, 3);
  EXPECT_EQ(options->limits.request_ids_max, 4);
  EXPECT_THAT(
      configuration.ToToml(),
      IsOkAndHolds(
          AllOf(HasSubstr("\nshape_dims_max = 16  # default\n"),
                HasSubstr("\ndim_max = 2  # file, line 1\n"),
                HasSubstr("\ntables_max = 3  # environment, EMB_TABLES_MAX\n"),
                HasSubstr("\nrequest_ids_max = 4  # flag\n"))));
}

TEST_F(ConfigurationTest, TheEnvironmentMayNameTheFile) {
  Write("dim_max = 2\n");
  const Variable config("EMB_CONFIG", path_.c_str());
  EMB_ASSERT_OK(Configuration::Read({}).status());
  EXPECT_EQ(absl::GetFlag(FLAGS_dim_max), 2);
  // Empty is none.
  EMB_ASSERT_OK(Configuration::Read({{"config", ""}}).status());
  EXPECT_EQ(absl::GetFlag(FLAGS_dim_max), 65'536);
}

TEST_F(ConfigurationTest, RefusesAValueThatDoesNotCount) {
  const Variable variable("EMB_LOAD_THREADS", "many");
  EXPECT_THAT(Configuration::Read({{"load_threads", "3"}}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("EMB_LOAD_THREADS: \"many\"")));
}

TEST_F(ConfigurationTest, NamesThePlaceOfAValueThatNoFlagReads) {
  const struct {
    std::string text;
    std::string complaint;
  } cases[] = {
      {"\nfold_interval = 'soon'", ":2: fold_interval: \"soon\""},
      {"load_threads = 99999999999", ":1: load_threads: \"99999999999\""},
      {"salvage = 'x'", "salvage: there is no such key"},
      {"config = 'x'", "config: there is no such key"},
      {"print_config = true", "print_config: there is no such key"},
      {"check_config = true", "check_config: there is no such key"},
      {"helpfull = true", "helpfull: there is no such key"},
  };
  for (const auto& c : cases) {
    Write(c.text);
    EXPECT_THAT(
        Configuration::Read({{"config", path_}}).status(),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.complaint)))
        << c.text;
  }
}

TEST_F(ConfigurationTest, PrintsWhatItReadsBack) {
  const Variable variable("EMB_FOLD_INTERVAL", "90s");
  const Configuration::Values given = {{"data_dir", "/a \"b\"\\c\n"},
                                       {"insecure", "true"}};
  const auto printed = Configuration::Read(given).value().ToToml();
  EMB_ASSERT_OK(printed.status());
  unsetenv("EMB_FOLD_INTERVAL");
  Write(*printed);
  EMB_ASSERT_OK(Configuration::Read({{"config", path_}}).status());
  EXPECT_EQ(absl::GetFlag(FLAGS_data_dir), "/a \"b\"\\c\n");
  EXPECT_TRUE(absl::GetFlag(FLAGS_insecure));
  EXPECT_EQ(absl::GetFlag(FLAGS_fold_interval), absl::Seconds(90));
}

TEST_F(ConfigurationTest, DoesNotPrintWhatTomlCannotHold) {
  const auto read = Configuration::Read({{"data_dir", "/\xff"}});
  EMB_ASSERT_OK(read.status());
  EXPECT_THAT(read->ToToml(), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("byte 14 is no UTF-8")));
}

TEST_F(ConfigurationTest, ReloadAppliesWhatIsSafeAndTellsOfTheRest) {
  Write("dim_max = 2\n");
  Configuration configuration = ReadFile();
  Write("dim_max = 3\nlog_level = 'error'\n");
  const auto changes = Reload(configuration);
  EMB_ASSERT_OK(changes.status());
  EXPECT_THAT(changes->applied,
              ElementsAre(AllOf(Field(&Change::name, "log_level"),
                                Field(&Change::before, "info"),
                                Field(&Change::after, "error"))));
  EXPECT_THAT(changes->need_restart,
              ElementsAre(AllOf(Field(&Change::name, "dim_max"),
                                Field(&Change::before, "2"),
                                Field(&Change::after, "3"))));
  ASSERT_TRUE(applied_.has_value());
  EXPECT_EQ(applied_->log_level, LogLevel::kError);
  EXPECT_EQ(applied_->limits.dim_max, 2);
  // What was applied is no change any more; what was not is still one.
  const auto again = Reload(configuration);
  EMB_ASSERT_OK(again.status());
  EXPECT_THAT(again->applied, IsEmpty());
  EXPECT_EQ(again->need_restart.size(), 1);
}

TEST_F(ConfigurationTest, ReloadGoesBackToTheDefaultOfWhatIsGone) {
  Write("log_level = 'error'\n");
  Configuration configuration = ReadFile();
  Write("");
  EMB_ASSERT_OK(Reload(configuration).status());
  EXPECT_EQ(applied_->log_level, LogLevel::kInfo);
}

TEST_F(ConfigurationTest, ReloadSeesNoChangeInAnotherSpelling) {
  Write("fold_interval = '60s'\nlog_level = 'info'\n");
  Configuration configuration = ReadFile({{"dim_max", "5"}});
  Write("fold_interval = '1m'\ndim_max = 7\n");
  const auto changes = Reload(configuration);
  EMB_ASSERT_OK(changes.status());
  EXPECT_THAT(changes->applied, IsEmpty());
  // The command line wins over the file, also now.
  EXPECT_THAT(changes->need_restart, IsEmpty());
  EXPECT_TRUE(applied_.has_value());
}

TEST_F(ConfigurationTest, ABrokenFileChangesNothing) {
  Write("log_level = 'warning'\n");
  Configuration configuration = ReadFile();
  const std::string before = configuration.ToToml().value();
  const struct {
    std::string text;
    std::string complaint;
  } cases[] = {
      {"log_level = 'error'\nlog_level = 'info'", ":2: "},
      {"log_level = 'loud'", "--log_level: \"loud\""},
      {"log_level = 'error'\ndim_max = 0", "--dim_max: 0"},
      {"log_level = 'error'\ncolour = 1", "colour: there is no such key"},
      {"log_level = 'error'\nload_threads = 99999999999", "load_threads"},
  };
  for (const auto& c : cases) {
    Write(c.text);
    EXPECT_THAT(
        Reload(configuration).status(),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.complaint)))
        << c.text;
    EXPECT_FALSE(applied_.has_value());
    EXPECT_EQ(absl::GetFlag(FLAGS_log_level), "warning");
    EXPECT_EQ(configuration.ToToml().value(), before);
  }
}

TEST_F(ConfigurationTest, WhatCannotBeAppliedChangesNothing) {
  Write("");
  Configuration configuration = ReadFile();
  Write("log_level = 'error'\ndim_max = 3\n");
  apply_status_ = absl::NotFoundError("no certificate");
  EXPECT_THAT(
      Reload(configuration).status(),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("no certificate")));
  EXPECT_EQ(absl::GetFlag(FLAGS_log_level), "info");
  // The same again, which then is a change.
  apply_status_ = absl::OkStatus();
  const auto changes = Reload(configuration);
  EMB_ASSERT_OK(changes.status());
  EXPECT_EQ(changes->applied.size(), 1);
}

TEST(IsReloadable, NamesFlags) {
  EXPECT_TRUE(IsReloadable("log_level"));
  EXPECT_FALSE(IsReloadable("data_dir"));
  EXPECT_FALSE(IsReloadable("no_such_flag"));
}

}  // namespace
}  // namespace emb
