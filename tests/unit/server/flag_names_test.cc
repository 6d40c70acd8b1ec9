#include "server/flag_names.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace emb {
namespace {

const std::vector<std::string>& Names() {
  static const auto* const names = new std::vector<std::string>{
      "admin_listen", "data_dir", "dim_max", "listen", "memory_limit"};
  return *names;
}

TEST(NearestName, FindsWhatWasMeant) {
  const struct {
    std::string given;
    std::string want;
  } cases[] = {
      {"data-dir", "data_dir"},        {"DATA_DIR", "data_dir"},
      {"datadir", "data_dir"},         {"data_dri", "data_dir"},
      {"listen_addr", "listen"},       {"admin-listen", "admin_listen"},
      {"memory", "memory_limit"},      {"memory-limits", "memory_limit"},
      {"admin_lsiten", "admin_listen"}};
  for (const auto& c : cases) EXPECT_EQ(NearestName(c.given, Names()), c.want);
}

TEST(NearestName, DoesNotGuessWildly) {
  for (const char* const given : {"", "x", "port", "verbose", "no_such_flag"}) {
    EXPECT_EQ(NearestName(given, Names()), "") << given;
  }
  EXPECT_EQ(NearestName(std::string(1'000'000, 'a'), Names()), "");
}

TEST(DidYouMean, IsSilentWithoutAGuess) {
  EXPECT_EQ(DidYouMean("--", "listen"), "; did you mean --listen?");
  EXPECT_EQ(DidYouMean("--", ""), "");
}

}  // namespace
}  // namespace emb
