#include "server/toml_line.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Type = TomlValue::Type;

TEST(ParseTomlLine, ReadsValues) {
  const struct {
    std::string line;
    std::string key;
    Type type;
    std::string text;
  } cases[] = {
      {"a = 1", "a", Type::kInteger, "1"},
      {"a=1", "a", Type::kInteger, "1"},
      {"\t a \t=\t 1 \t# why", "a", Type::kInteger, "1"},
      {"a = 1#why", "a", Type::kInteger, "1"},
      {"a = 1\r", "a", Type::kInteger, "1"},
      {"a-B_9 = 0", "a-B_9", Type::kInteger, "0"},
      {"9 = -0", "9", Type::kInteger, "-0"},
      {"\"a b\" = +7", "a b", Type::kInteger, "7"},
      {"'a.b' = 65_536", "a.b", Type::kInteger, "65536"},
      {"a = 9223372036854775807", "a", Type::kInteger, "9223372036854775807"},
      {"a = -9223372036854775808", "a", Type::kInteger, "-9223372036854775808"},
      {"a = 0.5", "a", Type::kFloat, "0.5"},
      {"a = -1_0.2_5e+1_0", "a", Type::kFloat, "-10.25e10"},
      {"a = 1E-5", "a", Type::kFloat, "1e-5"},
      {"a = true", "a", Type::kBoolean, "true"},
      {"a = false", "a", Type::kBoolean, "false"},
      {"a = \"\"", "a", Type::kString, ""},
      {"a = ''", "a", Type::kString, ""},
      {"a = '#\\n\"'", "a", Type::kString, "#\\n\""},
      {R"(a = "# '" # ")", "a", Type::kString, "# '"},
      {R"(a = "\b\t\n\f\r\"\\")", "a", Type::kString, "\b\t\n\f\r\"\\"},
      {R"(a = "\u00e9 \u20AC \U0001f600")", "a", Type::kString,
       "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"a = \"\xc3\xa9\"", "a", Type::kString, "\xc3\xa9"},
  };
  for (const auto& c : cases) {
    const auto line = ParseTomlLine(c.line);
    EMB_ASSERT_OK(line.status()) << c.line;
    ASSERT_TRUE(line->has_value()) << c.line;
    EXPECT_EQ((*line)->key, c.key) << c.line;
    EXPECT_EQ((*line)->value.type, c.type) << c.line;
    EXPECT_EQ((*line)->value.text, c.text) << c.line;
  }
}

TEST(ParseTomlLine, SkipsBlanksAndComments) {
  for (const char* const text : {"", "  \t", "\r", "# a = 1", " # \xc3\xa9"}) {
    const auto line = ParseTomlLine(text);
    EMB_ASSERT_OK(line.status()) << text;
    EXPECT_FALSE(line->has_value()) << text;
  }
}

TEST(ParseTomlLine, SaysWhatIsFoundAndWhatIsWanted) {
  const std::string number = ", want a decimal number, true, false or a string";
  const struct {
    std::string line;
    std::string complaint;
  } cases[] = {
      {"a", "a: want KEY = VALUE"},
      {"a 1", "a: want KEY = VALUE"},
      {"a: 1", "a: want KEY = VALUE"},
      {"= 1", "found \"= 1\", want KEY = VALUE"},
      {"--a = 1", ""},  // A key of TOML, though of no flag.
      {"\xc3\xa9 = 1", "want KEY = VALUE"},
      {"\"a = 1", "want a \" at its end"},
      {"'a = 1", "want a ' at its end"},
      {"[a]", "found a table"},
      {"[[a]]", "found a table"},
      {"[=", "found a table"},
      {"a.b = 1", "a: found a table"},
      {"a . b = 1", "a: found a table"},
      {"a =", "a: found nothing" + number},
      {"a = # 1", "a: found nothing" + number},
      {"a = b", "a: found \"b\"" + number},
      {"a = True", "a: found \"True\"" + number},
      {"a = 10m", "a: found \"10m\"" + number},
      {"a = 1,000", "a: found \"1,000\"" + number},
      {"a = 01", "a: found \"01\"" + number},
      {"a = -01", "a: found \"-01\"" + number},
      {"a = 0_1", "a: found \"0_1\"" + number},
      {"a = 1__0", "a: found \"1__0\"" + number},
      {"a = _1", "a: found \"_1\"" + number},
      {"a = 1_", "a: found \"1_\"" + number},
      {"a = 0x1f", "a: found \"0x1f\"" + number},
      {"a = 0b1", "a: found \"0b1\"" + number},
      {"a = +-1", "a: found \"+-1\"" + number},
      {"a = -", "a: found \"-\"" + number},
      {"a = 1.", "a: found \"1.\"" + number},
      {"a = .5", "a: found \".5\"" + number},
      {"a = 1e", "a: found \"1e\"" + number},
      {"a = 1e5.0", "a: found \"1e5.0\"" + number},
      {"a = 01.5", "a: found \"01.5\"" + number},
      {"a = inf", "a: found \"inf\"" + number},
      {"a = 1979-05-27", "a: found \"1979-05-27\"" + number},
      {"a = 9223372036854775808", "want at most 64 bits"},
      {"a = -9223372036854775809", "want at most 64 bits"},
      {"a = [1]", "a: found an array, want one value"},
      {"a = {b = 1}", "a: found a table, want one value"},
      {R"(a = """b""")", "a: found a string of several lines"},
      {"a = '''b'''", "a: found a string of several lines"},
      {"a = \"b", "a: want a \" at its end"},
      {R"(a = "b\")", "a: want a \" at its end"},
      {"a = 'b", "a: want a ' at its end"},
      {R"(a = "\q")", R"(a: found the escape \"q", want \\)"},
      {R"(a = "C:\Temp")", R"(a: found the escape \"T")"},
      {"a = \"\\", "a: found the escape"},
      {R"(a = "\u12")", "want 4 hexadecimal digits after \\u"},
      {R"(a = "\U0001f60")", "want 8 hexadecimal digits after \\U"},
      {R"(a = "\ud800")", "\\ud800 is no character"},
      {R"(a = "\U00110000")", "\\U00110000 is no character"},
      {"a = 1 2", "a: found \"2\" after the value, want the end"},
      {"a = \"b\" c", "a: found \"c\" after the value"},
      {"a = 'b''c'", "after the value"},
      {"a = 1 = 2", "after the value"},
      {std::string("a = \0", 5), "byte 5 is a control character"},
      {"a = \"\x01\"", "byte 6 is a control character"},
      {"# \x7f", "byte 3 is a control character"},
      {"a = 1\r # b", "byte 6 is a control character"},
      {"# caf\xe9", "byte 6 is no UTF-8"},
      {"# \xc3", "byte 3 is no UTF-8"},
      {"# \xc0\x80", "byte 3 is no UTF-8"},
      {"# \xe0\x80\x80", "byte 3 is no UTF-8"},
      {"# \xed\xa0\x80", "byte 3 is no UTF-8"},
      {"# \xf0\x80\x80\x80", "byte 3 is no UTF-8"},
      {"# \xf4\x90\x80\x80", "byte 3 is no UTF-8"},
      {"# \xf5\x80\x80\x80", "byte 3 is no UTF-8"},
      {"# \x80", "byte 3 is no UTF-8"},
  };
  for (const auto& c : cases) {
    if (c.complaint.empty()) {
      EMB_EXPECT_OK(ParseTomlLine(c.line).status()) << c.line;
      continue;
    }
    EXPECT_THAT(
        ParseTomlLine(c.line),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.complaint)))
        << c.line;
  }
}

TEST(ParseTomlLine, DoesNotRepeatWhatIsLong) {
  const std::string x(10'000, 'x');
  for (const std::string& line : {x, x + " = ", "a = " + x, "a = 1 " + x,
                                  x + ".a = 1", "=" + x, "\"" + x + "\" = x"}) {
    const auto parsed = ParseTomlLine(line);
    EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_LT(parsed.status().message().size(), 250) << line.substr(0, 20);
  }
}

TEST(QuoteToml, IsReadBackFromOneLine) {
  const std::string texts[] = {"",
                               "plain",
                               "two words",
                               "#",
                               "a\"b",
                               "a\\b",
                               "a\nb\tc",
                               "'",
                               "[x]",
                               "\x7f\x01",
                               "caf\xc3\xa9",
                               "\\u0041",
                               std::string("a\0b", 3)};
  for (const std::string& text : texts) {
    const std::string line = "a = " + QuoteToml(text);
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    const auto parsed = ParseTomlLine(line);
    EMB_ASSERT_OK(parsed.status()) << line;
    EXPECT_EQ((*parsed)->value.text, text) << line;
  }
}

}  // namespace
}  // namespace emb
