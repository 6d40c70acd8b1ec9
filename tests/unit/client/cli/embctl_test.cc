#include "client/cli/embctl.h"

#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/client/cli/cli_fixture.h"

namespace emb {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using EmbctlTest = CliTest;

TEST_F(EmbctlTest, TakesGlobalFlagsBeforeAndAfterTheCommand) {
  const std::vector<std::string> lines[] = {
      {"--json", "--server", "a:1", "--admin", "b:2", "--timeout", "2.5",
       "table", "list"},
      {"table", "--json", "--server", "a:1", "list", "--admin", "b:2",
       "--timeout", "2.5"},
      {"table", "list", "--timeout=2.5", "--admin=b:2", "--server=a:1",
       "--json"},
  };
  for (const auto& line : lines) {
    EXPECT_EQ(Run(line), kExitOk) << err_;
    EXPECT_EQ(out_, "[]\n");
    ASSERT_EQ(connects_.size(), 1U);
    EXPECT_EQ(connects_[0].server, "a:1");
    EXPECT_EQ(connects_[0].admin, "b:2");
    EXPECT_EQ(server_->timeouts.back(), absl::Milliseconds(2'500));
  }
}

TEST_F(EmbctlTest, LeavesAddressesAndTimeoutsToTheClient) {
  EXPECT_EQ(Run({"table", "list"}), kExitOk);
  ASSERT_EQ(connects_.size(), 1U);
  EXPECT_EQ(connects_[0].server, "");
  EXPECT_EQ(connects_[0].admin, "");
  EXPECT_EQ(server_->timeouts.back(), absl::Minutes(10));
}

TEST_F(EmbctlTest, GivesTheTimeoutToEveryCall) {
  const std::vector<std::string> lines[] = {
      {"table", "create", "t", "--rows", "1", "--dim", "1"},
      {"table", "list"},
      {"table", "describe", "t"},
      {"table", "drop", "t"},
      {"lookup", "t", "1", "2"},
      {"status"},
      {"health"},
  };
  for (std::vector<std::string> line : lines) {
    line.insert(line.end(), {"--timeout", "0.25"});
    EXPECT_EQ(Run(line), kExitOk) << err_;
    EXPECT_EQ(server_->timeouts.back(), absl::Milliseconds(250));
  }
  EXPECT_EQ(server_->timeouts.size(), std::size(lines));
}

TEST_F(EmbctlTest, RefusesAWrongCommandLineWithItsUsage) {
  ExpectUsageError({}, "want a command");
  ExpectUsageError({"table"}, "want a command");
  ExpectUsageError({"bogus"}, "unknown command \"bogus\"");
  ExpectUsageError({"table", "bogus"}, "unknown command \"bogus\"");
  ExpectUsageError({"--bogus", "status"}, "unknown option \"--bogus\"");
  ExpectUsageError({"status", "--bogus"}, "unknown option \"--bogus\"");
  ExpectUsageError({"status", "-x"}, "unknown option \"-x\"");
  ExpectUsageError({"status", "extra"}, "unexpected \"extra\"");
  ExpectUsageError({"status", ""}, "unexpected \"\"");
  ExpectUsageError({"status", "table"}, "unexpected \"table\"");
  ExpectUsageError({"health", "a", "b"}, "unexpected \"b\"");
  ExpectUsageError({"status", "--server"}, "--server: want a value");
  const std::string timeouts[] = {"0", "-1", "nan", "inf", "1s", ""};
  for (const std::string& timeout : timeouts) {
    ExpectUsageError({"status", "--timeout", timeout},
                     "--timeout: \"" + timeout + "\", want a number over 0");
  }
}

TEST_F(EmbctlTest, RefusesAFlagGivenTwice) {
  ExpectUsageError({"--server", "a:1", "status", "--server", "b:2"},
                   "--server: given twice, want it once");
  ExpectUsageError({"table", "create", "t", "--rows=1", "--rows=2"},
                   "--rows: given twice, want it once");
  ExpectUsageError({"lookup", "t", "1", "--padding-id=1", "--padding-id=2"},
                   "--padding-id: given twice, want it once");
  // To ask for JSON twice is no contradiction.
  EXPECT_EQ(Run({"--json", "table", "list", "--json"}), kExitOk);
}

TEST_F(EmbctlTest, ReportsAWrongCommandLineAsJson) {
  const auto expect = [&](const std::vector<std::string>& args,
                          const std::string& message) {
    SCOPED_TRACE(testing::PrintToString(args));
    EXPECT_EQ(Run(args), kExitUsage);
    EXPECT_EQ(out_, "");
    EXPECT_EQ(err_, R"({"error":{"code":"INVALID_ARGUMENT","message":")" +
                        message + "\"}}\n");
  };
  expect({"--json"}, "want a command");
  expect({"--json", "bogus"}, R"(unknown command \"bogus\")");
  expect({"status", "--timeout", "0", "--json"},
         R"(--timeout: \"0\", want a number over 0)");
  expect({"help", "bogus", "--json"}, R"(unknown command \"bogus\")");
  // After "--" it is a name.
  EXPECT_EQ(Run({"bogus", "--", "--json"}), kExitUsage);
  EXPECT_THAT(err_, StartsWith("embctl: "));
}

TEST_F(EmbctlTest, NothingIsAFlagAfterTwoDashes) {
  EXPECT_EQ(Run({"lookup", "t", "1", "--", "-2", "3"}), kExitOk) << err_;
  EXPECT_THAT(server_->lookups.back().features[0].ids, ElementsAre(1, -2, 3));
  EXPECT_EQ(Run({"lookup", "--padding-id", "-1", "--", "t", "-1"}), kExitOk);
  EXPECT_EQ(server_->lookups.back().features[0].table, "t");
  EXPECT_THAT(server_->lookups.back().features[0].ids, ElementsAre(-1));
  EXPECT_EQ(Run({"table", "describe", "--", "--help"}), kExitOk);
  EXPECT_EQ(server_->names.back(), "--help");
  EXPECT_EQ(Run({"--", "status"}), kExitOk);
  ExpectUsageError({"status", "--", "-x"}, "unexpected \"-x\"");
  ExpectUsageError({"lookup", "t", "--", "1", "-x"},
                   "ID: \"-x\", want an integer of 64 bits");
}

TEST_F(EmbctlTest, HelpIsACommandToo) {
  const struct {
    std::vector<std::string> help;
    std::vector<std::string> flag;
  } cases[] = {{{"help"}, {"--help"}},
               {{"--json", "help"}, {"--help"}},
               {{"help", "lookup"}, {"lookup", "--help"}},
               {{"help", "table"}, {"table", "--help"}},
               {{"help", "table", "create"}, {"table", "create", "--help"}}};
  for (const auto& c : cases) {
    SCOPED_TRACE(testing::PrintToString(c.help));
    EXPECT_EQ(Run(c.flag), kExitOk);
    const std::string want = out_;
    EXPECT_EQ(Run(c.help), kExitOk);
    EXPECT_EQ(out_, want);
    EXPECT_EQ(err_, "");
  }
  ExpectUsageError({"help", "bogus"}, "unknown command \"bogus\"");
  ExpectUsageError({"help", "table", "bogus"}, "unknown command \"bogus\"");
}

TEST_F(EmbctlTest, ShowsTheUsageOfTheCommandThatWasMeant) {
  EXPECT_EQ(Run({"table", "describe"}), kExitUsage);
  EXPECT_EQ(err_,
            "embctl: NAME is required\n"
            "Usage: embctl table describe [OPTIONS] NAME\n"
            "Run \"embctl table describe --help\" for more.\n");
}

TEST_F(EmbctlTest, ExplainsEveryCommand) {
  const std::vector<std::string> commands[] = {
      {"table", "create"}, {"table", "import"},
      {"table", "list"},   {"table", "describe"},
      {"table", "drop"},   {"lookup"},
      {"status"},          {"health"}};
  for (std::vector<std::string> command : commands) {
    SCOPED_TRACE(testing::PrintToString(command));
    command.push_back("--help");
    EXPECT_EQ(Run(command), kExitOk);
    EXPECT_EQ(err_, "");
    EXPECT_THAT(out_,
                AllOf(HasSubstr("\nUsage: embctl " + command[0]),
                      AnyOf(HasSubstr("\nExample:\n  embctl "),
                            HasSubstr("\nExamples:\n  embctl ")),
                      HasSubstr("-h, --help"), HasSubstr("embctl --help\n"),
                      Not(HasSubstr("Exit status"))));
    EXPECT_TRUE(connects_.empty());
  }
}

TEST_F(EmbctlTest, ExplainsItselfInEightyColumns) {
  const std::vector<std::string> lines[] = {{"--help"},
                                            {"-h"},
                                            {"table", "--help"},
                                            {"table", "create", "--help"},
                                            {"table", "import", "--help"},
                                            {"lookup", "--help"}};
  for (const auto& line : lines) {
    SCOPED_TRACE(testing::PrintToString(line));
    EXPECT_EQ(Run(line), kExitOk);
    // Types of C++ are no names for values.
    EXPECT_THAT(out_, AllOf(Not(HasSubstr(" TEXT")), Not(HasSubstr(" INT")),
                            Not(HasSubstr(" FLOAT"))));
    std::istringstream text(out_);
    for (std::string row; std::getline(text, row);) {
      EXPECT_LE(row.size(), 80U) << row;
    }
  }
}

TEST_F(EmbctlTest, ListsCommandsAndExitStatuses) {
  EXPECT_EQ(Run({"--help"}), kExitOk);
  for (const char* const part :
       {"Usage: embctl [OPTIONS] COMMAND\n", "--server ADDRESS",
        "--admin ADDRESS", "EMB_SERVER", "--timeout SECONDS", "\n  table ",
        "\n  lookup ", "\n  status ", "\n  health ", "\nExit status:\n",
        "  2  wrong command line", " 12  not allowed"}) {
    EXPECT_THAT(out_, HasSubstr(part));
  }
}

TEST_F(EmbctlTest, TellsItsVersion) {
  EXPECT_EQ(Run({"--version"}), kExitOk);
  EXPECT_THAT(out_, StartsWith("embctl 0."));
  EXPECT_EQ(err_, "");
}

TEST_F(EmbctlTest, ReportsErrorsAsText) {
  server_->status = absl::NotFoundError("table \"t\": there is none");
  EXPECT_EQ(Run({"table", "describe", "t"}), kExitNotFound);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, "embctl: NOT_FOUND: table \"t\": there is none\n");
}

TEST_F(EmbctlTest, ReportsErrorsAsJson) {
  server_->status = absl::UnavailableError("gone \xFF \"away\"");
  EXPECT_EQ(Run({"--json", "status"}), kExitUnavailable);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_,
            "{\"error\":{\"code\":\"UNAVAILABLE\",\"message\":"
            "\"gone \xEF\xBF\xBD \\\"away\\\"\"}}\n");
}

TEST_F(EmbctlTest, ReportsAnErrorOfEveryCommand) {
  const std::vector<std::string> lines[] = {
      {"table", "create", "t", "--rows", "1", "--dim", "1"},
      {"table", "list"},
      {"table", "describe", "t"},
      {"table", "drop", "t"},
      {"lookup", "t", "1"},
      {"status"},
      {"health"},
  };
  for (const auto& line : lines) {
    SCOPED_TRACE(testing::PrintToString(line));
    server_->status = absl::DeadlineExceededError("too late");
    EXPECT_EQ(Run(line), kExitDeadline);
    EXPECT_EQ(err_, "embctl: DEADLINE_EXCEEDED: too late\n");
    EXPECT_EQ(out_, "");
  }
  connect_status_ = absl::InvalidArgumentError("address \"x\"");
  for (const auto& line : lines) {
    SCOPED_TRACE(testing::PrintToString(line));
    EXPECT_EQ(Run(line), kExitInvalid);
    EXPECT_EQ(err_, "embctl: INVALID_ARGUMENT: address \"x\"\n");
  }
}

TEST_F(EmbctlTest, StatusShowsTheServer) {
  EXPECT_EQ(Run({"status"}), kExitOk);
  EXPECT_EQ(err_, "");
  EXPECT_THAT(out_,
              AllOf(StartsWith("state        serving\nversion      0.1.0\n"),
                    HasSubstr("epoch        12\n")));
  EXPECT_EQ(Run({"status", "--json"}), kExitOk);
  EXPECT_EQ(OutJson()["state"], "serving");
  EXPECT_EQ(OutJson()["epoch"], 12);
}

TEST_F(EmbctlTest, HealthAsksForTheService) {
  EXPECT_EQ(Run({"health"}), kExitOk);
  EXPECT_EQ(out_, "serving\n");
  EXPECT_EQ(server_->timeouts.back(), absl::Seconds(1));
  EXPECT_EQ(Run({"health", "embedding.v1.EmbeddingService", "--json"}),
            kExitOk);
  EXPECT_EQ(out_, "{\"status\":\"SERVING\"}\n");
  EXPECT_THAT(server_->names, ElementsAre("", "embedding.v1.EmbeddingService"));
  server_->status = absl::UnavailableError("not serving");
  EXPECT_EQ(Run({"health"}), kExitUnavailable);
}

}  // namespace
}  // namespace emb
