// 20,000 real requests and 519 users, padded and pooled by the server, against
// what NumPy and PyTorch computed of the same tables.
#include <emb/client.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "examples/movietweetings/catalog.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/movietweetings_tables.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/read_npy.h"
#include "tests/testing/status_matchers.h"

namespace movietweetings {
namespace {

using emb::Feature;
using emb::FeatureResult;
using emb::LookupResult;
using testing::SizeIs;

constexpr int64_t kHistory = 50;     // Places of a history, left-padded.
constexpr int64_t kCandidates = 20;  // Places of a candidate list.
constexpr size_t kItemDim = 64;
constexpr size_t kBatch = 250;  // Requests of the trace in one lookup.

std::string TracePath(const std::string& name) {
  return std::string(EMB_TRACE_DIR) + "/" + name + ".npy";
}

template <typename T>
std::vector<T> Read(const std::string& name) {
  auto elements = emb::ReadNpy<T>(TracePath(name));
  EMB_EXPECT_OK(elements);
  return elements.value_or(std::vector<T>());
}

// Sequences without their padding, one after another.
struct Ragged {
  std::vector<int64_t> ids;
  emb::RaggedShape shape;

  void Add(absl::Span<const int32_t> padded) {
    shape.lengths.push_back(0);
    for (const int32_t id : padded) {
      if (id == 0) continue;
      ids.push_back(id);
      ++shape.lengths.back();
    }
  }
};

Feature RaggedFeature(const char* table, const Ragged& ragged) {
  Feature feature;
  feature.table = table;
  feature.ids = ragged.ids;
  feature.shape = ragged.shape;
  return feature;
}

Feature Pooled(const char* table, const Ragged& ragged, emb::Pool::Mode mode) {
  Feature feature = RaggedFeature(table, ragged);
  feature.combine = emb::Pool{mode, {}};
  return feature;
}

Feature PaddedLeft(const char* table, const Ragged& ragged) {
  Feature feature = RaggedFeature(table, ragged);
  emb::Pad pad;
  pad.length = kHistory;
  pad.side = emb::Pad::Side::kLeft;
  feature.combine = pad;
  return feature;
}

Feature Rows(const char* table, absl::Span<const int32_t> ids) {
  Feature feature;
  feature.table = table;
  feature.ids.assign(ids.begin(), ids.end());
  return feature;
}

absl::Span<const float> RowOf(const FeatureResult& feature, size_t row) {
  const auto dim = static_cast<size_t>(feature.shape.back());
  return feature.values().subspan(row * dim, dim);
}

double Dot(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * b[i];
  }
  return sum;
}

class MovieTweetingsTrace : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, emb::InProcessServer::Start({}));
    EMB_ASSERT_OK(ImportAllTables(server_->client()));
    EMB_ASSERT_OK_AND_ASSIGN(catalog_, ReadCatalog(EMB_EXAMPLE_DATA_DIR));
  }

  LookupResult Lookup(std::vector<Feature> features) {
    emb::LookupRequest request;
    request.features = std::move(features);
    emb::CallOptions call;
    call.timeout = absl::Minutes(1);  // Sanitizers are slow.
    auto result = server_->client().Lookup(request, call);
    EMB_EXPECT_OK(result);
    return result.ok() ? *std::move(result) : LookupResult();
  }

  Ragged GenresOf(absl::Span<const int32_t> films) const {
    Ragged genres;
    for (const int32_t film : films) {
      const auto& rows = catalog_.films[static_cast<size_t>(film)].genres;
      genres.ids.insert(genres.ids.end(), rows.begin(), rows.end());
      genres.shape.lengths.push_back(static_cast<int64_t>(rows.size()));
    }
    return genres;
  }

  std::unique_ptr<emb::InProcessServer> server_;
  Catalog catalog_;
};

TEST_F(MovieTweetingsTrace, PoolsAndPadsTheHistoriesOfAllKnownUsers) {
  const auto histories = Read<int32_t>("users_history");
  const size_t num_users = histories.size() / kHistory;
  ASSERT_EQ(num_users, 519U);
  Ragged ragged;
  for (size_t i = 0; i < num_users; ++i) {
    ragged.Add(absl::MakeConstSpan(histories).subspan(i * kHistory, kHistory));
  }
  const LookupResult result =
      Lookup({Pooled("item", ragged, emb::Pool::Mode::kMean),
              Pooled("item", ragged, emb::Pool::Mode::kSum),
              Pooled("item", ragged, emb::Pool::Mode::kMax),
              PaddedLeft("item", ragged), Rows("item", histories)});
  const struct {
    const char* file;
    double tolerance;
  } pooled[] = {{"users_pooled_mean", 1e-6},
                {"users_pooled_sum", 2e-5},
                {"users_pooled_max", 0}};
  for (size_t i = 0; i < std::size(pooled); ++i) {
    SCOPED_TRACE(pooled[i].file);
    const auto want = Read<float>(pooled[i].file);
    const auto got = result.feature(i).values();
    ASSERT_EQ(got.size(), want.size());
    for (size_t j = 0; j < want.size(); ++j) {
      ASSERT_NEAR(got[j], want[j], pooled[i].tolerance) << j;
    }
  }
  // The same bytes, whether the caller pads or the server does.
  EXPECT_EQ(result.feature(3).values(), result.feature(4).values());
  EXPECT_EQ(result.feature(3).lengths, ragged.shape.lengths);
}

// A batch of the trace: its lookups and what is expected of them.
struct Batch {
  absl::Span<const int32_t> histories;
  absl::Span<const int32_t> candidates;
  absl::Span<const float> norms;
  absl::Span<const float> scores;
};

enum TraceFeature { kMeans, kPadded, kSent, kUser, kItem, kBias, kGenres };

void ExpectPaddedAsSent(const LookupResult& result) {
  EXPECT_EQ(result.feature(kPadded).values(), result.feature(kSent).values());
}

void ExpectNorms(const Batch& batch, const LookupResult& result) {
  for (size_t i = 0; i < batch.norms.size(); ++i) {
    const auto mean = RowOf(result.feature(kMeans), i);
    ASSERT_NEAR(std::sqrt(Dot(mean, mean)), batch.norms[i], 1e-5) << i;
  }
}

// score(u, i) = pooled(u) . item[i] + user[u] . g(i) + item_bias[i]
void ExpectScores(const Batch& batch, const LookupResult& result) {
  for (size_t j = 0; j < batch.scores.size(); ++j) {
    if (batch.candidates[j] == 0) continue;
    const size_t request = j / kCandidates;
    const double score = Dot(RowOf(result.feature(kMeans), request),
                             RowOf(result.feature(kItem), j)) +
                         Dot(RowOf(result.feature(kUser), request),
                             RowOf(result.feature(kGenres), j)) +
                         result.feature(kBias).values()[j];
    ASSERT_NEAR(score, batch.scores[j], 2e-5) << j;
  }
}

TEST_F(MovieTweetingsTrace, AnswersTwentyThousandRequestsAsExpected) {
  const auto histories = Read<int32_t>("trace_history");
  const auto users = Read<int32_t>("trace_user");
  const auto candidates = Read<int32_t>("trace_candidates");
  const auto norms = Read<float>("trace_expected_pooled_norm");
  const auto scores = Read<float>("trace_expected_candidate_scores");
  const auto want_sum = Read<double>("trace_expected_pooled_sum_f64");
  ASSERT_THAT(users, SizeIs(20'000));
  ASSERT_THAT(want_sum, SizeIs(kItemDim));
  std::vector<double> sum(kItemDim);
  for (size_t first = 0; first < users.size(); first += kBatch) {
    SCOPED_TRACE(first);
    const Batch batch = {
        absl::MakeConstSpan(histories).subspan(first * kHistory,
                                               kBatch * kHistory),
        absl::MakeConstSpan(candidates)
            .subspan(first * kCandidates, kBatch * kCandidates),
        absl::MakeConstSpan(norms).subspan(first, kBatch),
        absl::MakeConstSpan(scores).subspan(first * kCandidates,
                                            kBatch * kCandidates)};
    Ragged ragged;
    for (size_t i = 0; i < kBatch; ++i) {
      ragged.Add(batch.histories.subspan(i * kHistory, kHistory));
    }
    const LookupResult result = Lookup(
        {Pooled("item", ragged, emb::Pool::Mode::kMean),
         PaddedLeft("item", ragged), Rows("item", batch.histories),
         Rows("user", absl::MakeConstSpan(users).subspan(first, kBatch)),
         Rows("item", batch.candidates), Rows("item_bias", batch.candidates),
         Pooled("genre", GenresOf(batch.candidates), emb::Pool::Mode::kMean)});
    ASSERT_THAT(result.features(), SizeIs(7));
    ExpectPaddedAsSent(result);
    ExpectNorms(batch, result);
    ExpectScores(batch, result);
    for (size_t i = 0; i < kBatch * kItemDim; ++i) {
      sum[i % kItemDim] += result.feature(kMeans).values()[i];
    }
  }
  for (size_t i = 0; i < kItemDim; ++i) {
    EXPECT_NEAR(sum[i], want_sum[i], 1e-4) << i;
  }
}

}  // namespace
}  // namespace movietweetings
