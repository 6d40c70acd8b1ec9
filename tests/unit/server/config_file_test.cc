#include "server/config_file.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const std::vector<ConfigKey>& Keys() {
  static const auto* const keys =
      new std::vector<ConfigKey>{{"listen", ConfigType::kText},
                                 {"period", ConfigType::kDuration},
                                 {"dim_max", ConfigType::kInteger},
                                 {"sampling", ConfigType::kNumber},
                                 {"insecure", ConfigType::kBoolean}};
  return *keys;
}

// Name and value of each entry.
std::vector<std::pair<std::string, std::string>> Parsed(
    const std::string& text) {
  const auto entries = ParseConfig(text, "a.toml", Keys());
  EMB_EXPECT_OK(entries.status()) << text;
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!entries.ok()) return pairs;
  for (const ConfigEntry& entry : *entries) {
    pairs.emplace_back(entry.name, entry.value);
  }
  return pairs;
}

TEST(ParseConfig, ReadsValuesOfEachType) {
  EXPECT_THAT(Parsed("# comment\n"
                     "listen = 'unix:/run/a b'\n"
                     "insecure = true # why\n"
                     "dim_max = 65_536\n\n"
                     "sampling = 0.25\n"
                     "\"period\" = \"10m\"\n"),
              ElementsAre(Pair("listen", "unix:/run/a b"),
                          Pair("insecure", "true"), Pair("dim_max", "65536"),
                          Pair("sampling", "0.25"), Pair("period", "10m")));
  // A whole number is a number too.
  EXPECT_THAT(Parsed("sampling = 1"), ElementsAre(Pair("sampling", "1")));
}

TEST(ParseConfig, IsEmptyForAnEmptyFile) {
  for (const char* const text : {"", "\n", "# only a comment"}) {
    EXPECT_THAT(Parsed(text), ElementsAre());
  }
}

TEST(ParseConfig, KnowsTheLines) {
  const auto entries =
      ParseConfig("listen = \"a\"\n\n\ndim_max = 1\n", "a.toml", Keys());
  EMB_ASSERT_OK(entries.status());
  ASSERT_EQ(entries->size(), 2);
  EXPECT_EQ((*entries)[0].line, 1);
  EXPECT_EQ((*entries)[1].line, 4);
}

TEST(ParseConfig, NamesFileLineKeyAndWhatIsWanted) {
  const struct {
    std::string text;
    std::string complaint;
  } cases[] = {
      {"lisen = 'a'",
       "a.toml:1: lisen: there is no such key; did you mean "
       "listen?"},
      {"\n\ndim-max = 4",
       "a.toml:3: dim-max: there is no such key; did you "
       "mean dim_max?"},
      {"Listen = 'a'", "did you mean listen?"},
      {"colour = 'red'", "a.toml:1: colour: there is no such key"},
      {"\"\" = 1", "a.toml:1: : there is no such key"},
      {"[listen]", "a.toml:1: found a table, want the names"},
      {"[limits]\ndim_max = 4",
       "a.toml:1: found a table, want the names of flags and no tables"},
      {"[[limits]]\ndim_max = 4", "a.toml:1: found a table, want the names"},
      {"limits.dim_max = 4", "limits: found a table"},
      {"listen.dim_max = 4", "listen: found a table"},
      {"listen = 5", "listen: found an integer, want a string in quotes"},
      {"listen = true", "listen: found a boolean, want a string in quotes"},
      {"listen = ['a', 'b']", "listen: found an array, want one value"},
      {"listen = {a = 1}", "listen: found a table, want one value"},
      {"dim_max = '4'", "dim_max: found a string, want an integer"},
      {"dim_max = 4.0",
       "dim_max: found a number with a fraction, want an "
       "integer"},
      {"dim_max = nan",
       "dim_max: found \"nan\", want a decimal number, true, "},
      {"dim_max = true", "dim_max: found a boolean, want an integer"},
      {"dim_max = 1979-05-27", "dim_max: found \"1979-05-27\", want a decimal"},
      {"dim_max = 07:32:00", "dim_max: found \"07:32:00\", want a decimal"},
      {"dim_max = 1979-05-27T07:32:00Z",
       "dim_max: found \"1979-05-27T07:32:00Z\", want a decimal"},
      {"sampling = '0.5'", "sampling: found a string, want a number"},
      {"sampling = false", "sampling: found a boolean, want a number"},
      {"insecure = 'true'", "insecure: found a string, want true or false"},
      {"insecure = 1", "insecure: found an integer, want true or false"},
      {"period = 600",
       "period: found an integer, want a duration in quotes, "
       "such as \"90s\""},
      {"period = 1.5", "period: found a number with a fraction, want a dur"},
      // The first by line, not by name.
      {"sampling = ''\ndim_max = ''", "a.toml:1: sampling"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(
        ParseConfig(c.text, "a.toml", Keys()),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.complaint)))
        << c.text;
  }
}

TEST(ParseConfig, RefusesWhatIsNoToml) {
  const struct {
    std::string text;
    std::string complaint;
  } cases[] = {
      {"listen", "a.toml:1: "},
      {"[= 1", "a.toml:1: "},
      {"listen =", "a.toml:1: "},
      {"listen = a", "a.toml:1: "},
      {"= 1", "a.toml:1: "},
      {"listen = 'a", "a.toml:1: "},
      {R"(listen = "\q")", "a.toml:1: "},
      {"listen = 'a' dim_max = 1", "a.toml:1: "},
      {"listen = 'a'\nlisten = 'b'", "a.toml:2: "},
      {"dim_max = 1\n[dim_max]", "a.toml:2: "},
      {"dim_max = 99999999999999999999", "a.toml:1: "},
      {"dim_max = 1__0", "a.toml:1: "},
      {"insecure = True", "a.toml:1: "},
      {"insecure = yes", "a.toml:1: "},
      {"--listen=a", "a.toml:1: "},
      {R"({"listen": "a"})", "a.toml:1: "},
      {"listen: a", "a.toml:1: "},
      {"\n\nlisten = 'a\xff'", "a.toml:3: "},
      {std::string("listen = 'a\0b'", 14), "a.toml:1: "},
      {"\x7f\x45\x4c\x46", "a.toml:1: "},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(
        ParseConfig(c.text, "a.toml", Keys()),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.complaint)))
        << c.text;
  }
}

TEST(ParseConfig, BoundsWhatItReads) {
  const std::string full(kConfigBytesMax, '#');
  EMB_EXPECT_OK(ParseConfig(full, "a.toml", Keys()).status());
  EXPECT_THAT(ParseConfig(full + "#", "a.toml", Keys()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want 65536 at most")));
}

TEST(ParseConfig, DoesNotRepeatLongNames) {
  const auto entries =
      ParseConfig(std::string(10'000, 'x') + " = 1", "a.toml", Keys());
  EXPECT_THAT(entries, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("there is no such key")));
  EXPECT_LT(entries.status().message().size(), 200);
}

TEST(ReadConfigFile, SaysWhatCannotBeRead) {
  const TempDir dir;
  EXPECT_THAT(ReadConfigFile(dir / "absent", Keys()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("absent: cannot be read: No such file")));
  EXPECT_THAT(ReadConfigFile(dir.path(), Keys()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cannot be read: Is a directory")));
  EXPECT_THAT(ReadConfigFile("/dev/zero", Keys()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("65537 bytes and more")));
}

TEST(ConfigLine, IsReadBack) {
  const std::string texts[] = {
      "",        "plain", "two words", "#",           "a\"b", "a\\b",
      "a\nb\tc", "'",     "\x7f\x01",  "caf\xc3\xa9", "[x]",  "\\u0041"};
  for (const std::string& text : texts) {
    const std::string line = ConfigLine(Keys()[0], text);
    EXPECT_THAT(Parsed(line), ElementsAre(Pair("listen", text))) << line;
    EXPECT_THAT(line, Not(HasSubstr("\n")));
  }
  EXPECT_EQ(ConfigLine(Keys()[2], "-5"), "dim_max = -5");
  EXPECT_EQ(ConfigLine(Keys()[4], "true"), "insecure = true");
  EXPECT_THAT(Parsed(ConfigLine(Keys()[3], "1e-05")),
              ElementsAre(Pair("sampling", "1e-05")));
}

}  // namespace
}  // namespace emb
