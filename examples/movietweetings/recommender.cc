#include "examples/movietweetings/recommender.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace movietweetings {
namespace {

// Features of the lookup that Load makes, and of the one that Rank makes.
enum LoadFeature { kItems, kBiases, kGenres };
enum RankFeature { kHistory, kUser };

// Loading fetches megabytes, a thousand times a ranking.
constexpr absl::Duration kLoadTimeout = absl::Seconds(10);

emb::Feature Rows(const char* table, std::vector<int64_t> ids) {
  emb::Feature feature;
  feature.table = table;
  feature.ids = std::move(ids);
  return feature;
}

emb::Feature FirstRows(const char* table, size_t num_rows) {
  std::vector<int64_t> ids(num_rows);
  std::iota(ids.begin(), ids.end(), 0);
  return Rows(table, std::move(ids));
}

// The mean of each of these bags of rows, zeros for an empty one.
emb::Feature Means(const char* table, std::vector<int64_t> ids,
                   std::vector<int64_t> lengths) {
  emb::Feature feature = Rows(table, std::move(ids));
  feature.shape = emb::RaggedShape{std::move(lengths)};
  feature.combine = emb::Pool{emb::Pool::Mode::kMean, {}};
  return feature;
}

// g(i) of every film.
emb::Feature GenreMeans(const Catalog& catalog) {
  std::vector<int64_t> genres;
  std::vector<int64_t> lengths;
  for (const Film& film : catalog.films) {
    genres.insert(genres.end(), film.genres.begin(), film.genres.end());
    lengths.push_back(static_cast<int64_t>(film.genres.size()));
  }
  return Means("genre", std::move(genres), std::move(lengths));
}

size_t DimOf(const emb::FeatureResult& feature) {
  return static_cast<size_t>(feature.shape.back());
}

absl::Span<const float> RowOf(const emb::FeatureResult& feature, size_t row) {
  const size_t dim = DimOf(feature);
  return feature.values().subspan(row * dim, dim);
}

// In double: the ranking must not depend on the order of the sum.
double Dot(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * b[i];
  }
  return sum;
}

absl::Status WrongDim(const char* table, size_t dim, size_t wanted) {
  return absl::FailedPreconditionError(
      absl::StrCat("table \"", table, "\": dim ", dim, ", want ", wanted));
}

// The best of `scored`, best first.
void KeepBest(size_t num_films, std::vector<ScoredFilm>& scored) {
  const size_t kept = std::min(num_films, scored.size());
  std::partial_sort(scored.begin(), scored.begin() + kept, scored.end(),
                    [](const ScoredFilm& a, const ScoredFilm& b) {
                      if (a.score != b.score) return a.score > b.score;
                      return a.film < b.film;
                    });
  scored.resize(kept);
}

}  // namespace

absl::StatusOr<Recommender> Recommender::Load(const emb::Client& client,
                                              const Catalog& catalog) {
  emb::LookupRequest request;
  request.features = {FirstRows("item", catalog.films.size()),
                      FirstRows("item_bias", catalog.films.size()),
                      GenreMeans(catalog)};
  emb::CallOptions call;
  call.timeout = kLoadTimeout;
  auto films = client.Lookup(request, call);
  if (!films.ok()) return films.status();
  if (const size_t dim = DimOf(films->feature(kBiases)); dim != 1) {
    return WrongDim("item_bias", dim, 1);
  }
  return Recommender(client, *std::move(films));
}

absl::StatusOr<Ranking> Recommender::Rank(int64_t user,
                                          absl::Span<const int64_t> history,
                                          size_t num_films) const {
  emb::LookupRequest request;
  request.features = {Means("item", {history.begin(), history.end()},
                            {static_cast<int64_t>(history.size())}),
                      Rows("user", {user})};
  const auto start = std::chrono::steady_clock::now();
  const auto result = client_.Lookup(request);
  const auto end = std::chrono::steady_clock::now();
  if (!result.ok()) return result.status();
  // Rows of two epochs do not belong together, so nothing is ranked by them.
  if (result->epoch() != films_.epoch()) {
    return absl::AbortedError(absl::StrCat("epoch ", result->epoch(),
                                           ", loaded was ", films_.epoch()));
  }
  const size_t user_dim = DimOf(result->feature(kUser));
  const size_t genre_dim = DimOf(films_.feature(kGenres));
  if (user_dim != genre_dim) return WrongDim("user", user_dim, genre_dim);
  Ranking ranking = {{}, result->epoch(), absl::FromChrono(end - start)};
  const absl::flat_hash_set<int64_t> rated(history.begin(), history.end());
  const int64_t num_rows = films_.feature(kItems).shape.front();
  for (int64_t film = 1; film < num_rows; ++film) {
    if (rated.contains(film)) continue;
    ranking.best.push_back({film, Score(*result, static_cast<size_t>(film))});
  }
  KeepBest(num_films, ranking.best);
  return ranking;
}

double Recommender::Score(const emb::LookupResult& taste, size_t film) const {
  return Dot(taste.feature(kHistory).values(),
             RowOf(films_.feature(kItems), film)) +
         Dot(taste.feature(kUser).values(),
             RowOf(films_.feature(kGenres), film)) +
         films_.feature(kBiases).values()[film];
}

}  // namespace movietweetings
