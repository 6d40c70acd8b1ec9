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

// Features of the lookup that Load makes, and of those that Rank makes.
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

size_t DimOf(const emb::FeatureResult& feature) {
  return static_cast<size_t>(feature.shape.back());
}

absl::Span<const float> RowOf(const emb::FeatureResult& feature, size_t row) {
  const size_t dim = DimOf(feature);
  return feature.values().subspan(row * dim, dim);
}

void Add(absl::Span<const float> row, absl::Span<double> sum) {
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += row[i];
}

void Divide(absl::Span<double> sum, size_t count) {
  // The mean of nothing is zero.
  if (count == 0) return;
  for (double& value : sum) value /= static_cast<double>(count);
}

// In double, because rows are summed in an order of our own: the ranking must
// not depend on it.
template <typename Row>
double Dot(absl::Span<const double> a, const Row& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// g(i) of every film, row-major.
std::vector<double> GenreMeans(const Catalog& catalog,
                               const emb::FeatureResult& genres) {
  const size_t dim = DimOf(genres);
  std::vector<double> means(catalog.films.size() * dim);
  for (size_t film = 0; film < catalog.films.size(); ++film) {
    const auto mean = absl::MakeSpan(means).subspan(film * dim, dim);
    const auto& rows = catalog.films[film].genres;
    for (const int64_t row : rows) {
      Add(RowOf(genres, static_cast<size_t>(row)), mean);
    }
    Divide(mean, rows.size());
  }
  return means;
}

// Mean of the history's rows; padding is left out.
std::vector<double> PooledHistory(absl::Span<const int64_t> history,
                                  const emb::FeatureResult& rows) {
  std::vector<double> pooled(DimOf(rows));
  size_t num_films = 0;
  for (size_t i = 0; i < history.size(); ++i) {
    if (history[i] == 0) continue;
    Add(RowOf(rows, i), absl::MakeSpan(pooled));
    ++num_films;
  }
  Divide(absl::MakeSpan(pooled), num_films);
  return pooled;
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
                      FirstRows("genre", catalog.genres.size())};
  emb::CallOptions call;
  call.timeout = kLoadTimeout;
  auto items = client.Lookup(request, call);
  if (!items.ok()) return items.status();
  if (const size_t dim = DimOf(items->feature(kBiases)); dim != 1) {
    return WrongDim("item_bias", dim, 1);
  }
  std::vector<double> means = GenreMeans(catalog, items->feature(kGenres));
  return Recommender(client, *std::move(items), std::move(means));
}

absl::StatusOr<Ranking> Recommender::Rank(int64_t user,
                                          absl::Span<const int64_t> history,
                                          size_t num_films) const {
  emb::LookupRequest request;
  request.features = {Rows("item", {history.begin(), history.end()}),
                      Rows("user", {user})};
  const auto start = std::chrono::steady_clock::now();
  const auto result = client_.Lookup(request);
  const auto end = std::chrono::steady_clock::now();
  if (!result.ok()) return result.status();
  // Rows of two epochs do not belong together, so nothing is ranked by them.
  if (result->epoch() != items_.epoch()) {
    return absl::AbortedError(absl::StrCat("epoch ", result->epoch(),
                                           ", loaded was ", items_.epoch()));
  }
  const auto user_row = RowOf(result->feature(kUser), 0);
  const size_t genre_dim = DimOf(items_.feature(kGenres));
  if (user_row.size() != genre_dim) {
    return WrongDim("user", user_row.size(), genre_dim);
  }
  const Taste taste = {PooledHistory(history, result->feature(kHistory)),
                       {user_row.begin(), user_row.end()}};
  Ranking ranking = {{}, result->epoch(), absl::FromChrono(end - start)};
  const absl::flat_hash_set<int64_t> rated(history.begin(), history.end());
  const int64_t num_rows = items_.feature(kItems).shape.front();
  for (int64_t film = 1; film < num_rows; ++film) {
    if (rated.contains(film)) continue;
    ranking.best.push_back({film, Score(taste, film)});
  }
  KeepBest(num_films, ranking.best);
  return ranking;
}

double Recommender::Score(const Taste& taste, int64_t film) const {
  const auto row = static_cast<size_t>(film);
  const size_t genre_dim = taste.user.size();
  return Dot(taste.pooled, RowOf(items_.feature(kItems), row)) +
         Dot(taste.user, absl::MakeConstSpan(genre_means_)
                             .subspan(row * genre_dim, genre_dim)) +
         items_.feature(kBiases).values()[row];
}

}  // namespace movietweetings
