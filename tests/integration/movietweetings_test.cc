// The example's recommender against the data set's own answers, through a
// real server: what a caller gets is right to the last film.
#include <emb/client.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "examples/movietweetings/catalog.h"
#include "examples/movietweetings/known_users.h"
#include "examples/movietweetings/recommender.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/movietweetings_tables.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/status_matchers.h"

namespace movietweetings {
namespace {

using emb::InProcessServer;
using emb::StatusIs;
using testing::HasSubstr;
using testing::SizeIs;

constexpr char kDataDir[] = EMB_EXAMPLE_DATA_DIR;
constexpr double kScoreTolerance = 1e-5;
class MovieTweetings : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start({}));
    EMB_ASSERT_OK(ImportAllTables(server_->client()));
    EMB_ASSERT_OK_AND_ASSIGN(catalog_, ReadCatalog(kDataDir));
    EMB_ASSERT_OK_AND_ASSIGN(users_, ReadKnownUsers(kDataDir));
  }

  std::unique_ptr<InProcessServer> server_;
  Catalog catalog_;
  std::vector<KnownUser> users_;
};

TEST_F(MovieTweetings, RecommendsTheExpectedFilmsToEveryKnownUser) {
  EMB_ASSERT_OK_AND_ASSIGN(const Recommender recommender,
                           Recommender::Load(server_->client(), catalog_));
  ASSERT_THAT(users_, SizeIs(519));
  for (const KnownUser& user : users_) {
    SCOPED_TRACE(user.user);
    EMB_ASSERT_OK_AND_ASSIGN(const Ranking ranking,
                             recommender.Rank(user.user, user.history));
    ASSERT_EQ(ranking.best.size(), user.top10.size());
    for (size_t i = 0; i < ranking.best.size(); ++i) {
      EXPECT_EQ(ranking.best[i].film, user.top10[i]) << "place " << i;
      EXPECT_NEAR(ranking.best[i].score, user.top10_scores[i], kScoreTolerance)
          << "place " << i;
    }
  }
}

TEST_F(MovieTweetings, RefusesUsersAndFilmsThatTheTablesDoNotHave) {
  EMB_ASSERT_OK_AND_ASSIGN(const Recommender recommender,
                           Recommender::Load(server_->client(), catalog_));
  EXPECT_THAT(recommender.Rank(16'555, {0}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("16555")));
  EXPECT_THAT(recommender.Rank(1, {10'507}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("10507")));
}

// Films of the old model must not be ranked by users of the new one.
TEST_F(MovieTweetings, AsksForANewLoadWhenATableHasChanged) {
  EMB_ASSERT_OK_AND_ASSIGN(const Recommender recommender,
                           Recommender::Load(server_->client(), catalog_));
  EMB_ASSERT_OK(ImportTable(server_->client(), "item"));
  EXPECT_THAT(recommender.Rank(1, {1}),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("epoch")));
}

TEST_F(MovieTweetings, SaysWhichTableWasNotImported) {
  EMB_ASSERT_OK(server_->client().DropTable("genre"));
  EXPECT_THAT(Recommender::Load(server_->client(), catalog_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("genre")));
}

}  // namespace
}  // namespace movietweetings
