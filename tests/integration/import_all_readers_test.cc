// embctl table import-all while lookups read its tables.
#include <atomic>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/embctl.h"
#include "client/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

constexpr int kRounds = 8;

class ImportAllReadersTest : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start());
    std::ofstream(dir_ / "tables.json")
        << R"({"tables": [{"name": "item", "file": "item.tsv"},)"
        << R"({"name": "user", "file": "user.tsv"}]})";
  }

  // A round's tables hold its number.
  void ImportRound(int round) {
    for (const std::string name : {"item", "user"}) {
      std::ofstream(dir_ / (name + ".tsv"))
          << absl::StrCat(round, "\t", round, "\n", round, "\t", round, "\n");
    }
    const std::string server = server_->server().data_address();
    const std::string admin = server_->server().admin_address();
    const std::string manifest = dir_ / "tables.json";
    const std::vector<const char*> argv = {
        "embctl",      "--server", server.c_str(), "--admin",
        admin.c_str(), "table",    "import-all",   manifest.c_str()};
    std::ostringstream out;
    std::ostringstream err;
    Session session = {.out = out, .err = err, .connect = Client::Connect};
    ASSERT_EQ(RunEmbctl(static_cast<int>(argv.size()), argv.data(), session),
              kExitOk)
        << err.str();
  }

  const TempDir dir_;
  std::unique_ptr<InProcessServer> server_;
};

TEST_F(ImportAllReadersTest, SeeAllOfTheNewVersionsOrNone) {
  ImportRound(1);
  std::atomic<bool> stop = false;
  std::atomic<int> seen = 0;
  std::thread reader([&] {
    const Client client = server_->client();
    LookupRequest request = Ask("item", {0, 1});
    request.features.push_back(Ask("user", {1}).features[0]);
    while (!stop) {
      const auto result = client.Lookup(request);
      ASSERT_THAT(result, IsOk());
      const float item = result->feature(0).values()[0];
      ASSERT_EQ(result->feature(0).values()[3], item);
      ASSERT_EQ(result->feature(1).values()[0], item);
      ASSERT_GE(item, static_cast<float>(seen));
      seen = static_cast<int>(item);
    }
  });
  for (int round = 2; round <= kRounds; ++round) {
    ImportRound(round);
    // Once it is published, the next lookup has it.
    const absl::Time give_up = absl::Now() + absl::Minutes(1);
    while (seen != round && absl::Now() < give_up) std::this_thread::yield();
    EXPECT_EQ(seen, round);
  }
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace emb
