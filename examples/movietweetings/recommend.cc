// recommend: ten films for one user, by the tables of an embedding-server.
//
//   recommend [--server HOST:PORT] [--user N] [--data DIR]
#include <emb/client.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "examples/movietweetings/catalog.h"
#include "examples/movietweetings/known_users.h"
#include "examples/movietweetings/recommender.h"

ABSL_FLAG(std::string, server, "",
          "HOST:PORT of the server; else EMB_SERVER, else 127.0.0.1:50051.");
ABSL_FLAG(int64_t, user, 15219, "Whom to recommend films to.");
ABSL_FLAG(std::string, data, EMB_EXAMPLE_DATA_DIR,
          "Directory of items.tsv, genres.tsv and expected.jsonl.");

namespace movietweetings {
namespace {

// With scores and gaps, a line of two columns stays below 90.
constexpr size_t kTitleColumns = 42;
constexpr size_t kGenreColumns = 32;
constexpr size_t kHistoryLines = 6;

// Where the code point after `begin` begins: UTF-8 marks the bytes that
// continue one by 10 in their upper bits.
size_t NextCodePoint(absl::string_view text, size_t begin) {
  size_t end = begin + 1;
  while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
  return end;
}

// `text` in exactly so many columns: padded with spaces, or cut with an
// ellipsis. Counts a code point as a column, right for these titles.
std::string Fit(absl::string_view text, size_t columns) {
  size_t width = 0;
  size_t cut = 0;
  for (size_t at = 0; at < text.size(); at = NextCodePoint(text, at)) {
    if (++width == columns) cut = at;
  }
  if (width > columns) return absl::StrCat(text.substr(0, cut), "…");
  return absl::StrCat(text, std::string(columns - width, ' '));
}

std::string GenresOf(const Film& film, const Catalog& catalog) {
  std::string text;
  for (const int64_t genre : film.genres) {
    absl::StrAppend(&text, text.empty() ? "" : ", ",
                    catalog.genres[static_cast<size_t>(genre)]);
  }
  return text;
}

std::string Describe(int64_t row, const Catalog& catalog) {
  const Film& film = catalog.films[static_cast<size_t>(row)];
  const std::string line =
      absl::StrCat(Fit(film.title, kTitleColumns), "  ",
                   Fit(GenresOf(film, catalog), kGenreColumns));
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

// What is known of the user's past, in words.
std::string HistoryHeading(const KnownUser& user, size_t num_films,
                           size_t num_shown) {
  if (num_films == 0) return absl::StrCat("User ", user.user, " is new.");
  // A full history is cut off at its older end.
  const bool cut = num_films == user.history.size();
  return absl::StrCat(
      "User ", user.user, " has rated ", num_films,
      num_films == 1 ? " film" : " films", cut ? " or more" : "",
      num_shown < num_films ? absl::StrCat("; the last ", num_shown, ":")
                            : std::string(":"));
}

void PrintHistory(const KnownUser& user, const Catalog& catalog) {
  std::vector<int64_t> films;
  for (const int64_t film : user.history) {
    if (film != 0) films.push_back(film);
  }
  const size_t shown = std::min(films.size(), kHistoryLines);
  absl::PrintF("%s\n", HistoryHeading(user, films.size(), shown));
  for (size_t i = films.size() - shown; i < films.size(); ++i) {
    absl::PrintF("              %s\n", Describe(films[i], catalog));
  }
}

void PrintRanking(const Ranking& ranking, const KnownUser& user,
                  const Catalog& catalog) {
  absl::PrintF("\nRecommended:\n");
  for (size_t i = 0; i < ranking.best.size(); ++i) {
    const ScoredFilm& film = ranking.best[i];
    absl::PrintF("  %2d   %6.3f  %s\n", i + 1, film.score,
                 Describe(film.film, catalog));
  }
  absl::PrintF(
      "\nEpoch %d; one lookup of %d item rows and 1 user row: %.2f ms\n",
      ranking.epoch, user.history.size(),
      absl::ToDoubleMilliseconds(ranking.lookup_time));
}

absl::StatusOr<KnownUser> FindUser(int64_t number, const std::string& data) {
  const auto users = ReadKnownUsers(data);
  if (!users.ok()) return users.status();
  std::string some;
  for (const KnownUser& user : *users) {
    if (user.user == number) return user;
    // Spread over the file, which is sorted by user.
    const auto index = &user - users->data();
    if (index % 64 == 63) absl::StrAppend(&some, " ", user.user);
  }
  return absl::NotFoundError(
      absl::StrCat("--user ", number, ": no history known; try one of", some));
}

absl::Status Run() {
  const std::string data = absl::GetFlag(FLAGS_data);
  const auto catalog = ReadCatalog(data);
  if (!catalog.ok()) return catalog.status();
  const auto user = FindUser(absl::GetFlag(FLAGS_user), data);
  if (!user.ok()) return user.status();
  emb::ClientOptions options;
  options.server = absl::GetFlag(FLAGS_server);
  const auto client = emb::Client::Connect(options);
  if (!client.ok()) return client.status();
  const auto recommender = Recommender::Load(*client, *catalog);
  if (absl::IsNotFound(recommender.status())) {
    return absl::NotFoundError(
        absl::StrCat(recommender.status().message(),
                     "; import the tables of examples/movietweetings/data"));
  }
  if (!recommender.ok()) return recommender.status();
  const auto ranking = recommender->Rank(user->user, user->history);
  if (!ranking.ok()) return ranking.status();
  PrintHistory(*user, *catalog);
  PrintRanking(*ranking, *user, *catalog);
  return absl::OkStatus();
}

}  // namespace
}  // namespace movietweetings

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Recommends films to a user.\n\n"
      "  recommend [--server HOST:PORT] [--user N] [--data DIR]\n\n"
      "The server needs the tables of examples/movietweetings/README.md.");
  if (absl::ParseCommandLine(argc, argv).size() > 1) {
    absl::FPrintF(stderr, "recommend: want flags only, see --help\n");
    return EXIT_FAILURE;
  }
  const absl::Status status = movietweetings::Run();
  if (status.ok()) return EXIT_SUCCESS;
  absl::FPrintF(stderr, "recommend: %s\n", status.ToString());
  return EXIT_FAILURE;
}
