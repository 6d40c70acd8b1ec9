// A recommender whose model lives in an embedding-server.
//
//   pooled(u)  = mean of item[j] over the films j of u's history
//   g(i)       = mean of genre[k] over the genres k of film i
//   score(u,i) = pooled(u) . item[i] + user[u] . g(i) + item_bias[i]
//
// Rows 0 are padding: no film, no genre, and a user nobody knows. The server
// takes the means, and leaves padding out of them.
// Source: factored item similarity, FISM, with a term of users and genres.
#ifndef EMB_EXAMPLES_MOVIETWEETINGS_RECOMMENDER_H_
#define EMB_EXAMPLES_MOVIETWEETINGS_RECOMMENDER_H_

#include <emb/client.h>
#include <emb/lookup_result.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "examples/movietweetings/catalog.h"

namespace movietweetings {

struct ScoredFilm {
  int64_t film = 0;  // Row of table "item".
  double score = 0;
};

struct Ranking {
  std::vector<ScoredFilm> best;  // Best first; of equal ones, the lower row.
  uint64_t epoch = 0;            // Of the tables that it was made from.
  absl::Duration lookup_time;    // One round trip to the server.
};

// Recommender holds what is the same for every user, some 4 MB, and asks the
// server for what is not.
//
// Threads  Rank may be called concurrently.
class Recommender {
 public:
  // Fetches the rows and biases of all films, and the means of their genres,
  // in one lookup.
  //
  // Errors   FAILED_PRECONDITION  the tables do not fit together
  //          As emb::Client::Lookup; NOT_FOUND: a table was not imported.
  static absl::StatusOr<Recommender> Load(const emb::Client& client,
                                          const Catalog& catalog);

  // The `num_films` best films for `user` who rated the films `history`, none
  // of which is among them. One lookup: the mean of the history and the row of
  // the user.
  //
  // Errors   ABORTED  a table has changed since Load: load again
  //          As emb::Client::Lookup; OUT_OF_RANGE: no such user or film.
  absl::StatusOr<Ranking> Rank(int64_t user, absl::Span<const int64_t> history,
                               size_t num_films = 10) const;

 private:
  Recommender(emb::Client client, emb::LookupResult films)
      : client_(std::move(client)), films_(std::move(films)) {}

  // `taste` is pooled(u), then user[u].
  double Score(const emb::LookupResult& taste, size_t film) const;

  emb::Client client_;
  // Features: the rows of all films, their biases, the means of their genres.
  emb::LookupResult films_;
};

}  // namespace movietweetings

#endif  // EMB_EXAMPLES_MOVIETWEETINGS_RECOMMENDER_H_
