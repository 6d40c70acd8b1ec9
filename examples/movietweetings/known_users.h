// The users whose histories and recommendations the data set comes with.
#ifndef EMB_EXAMPLES_MOVIETWEETINGS_KNOWN_USERS_H_
#define EMB_EXAMPLES_MOVIETWEETINGS_KNOWN_USERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace movietweetings {

struct KnownUser {
  int64_t user = 0;  // Row of table "user"; 0: nobody we know.
  // [50] rows of table "item" in the order they were rated; shorter ones
  // begin with padding, row 0.
  std::vector<int64_t> history;
  // The right answer: the ten best films and their scores.
  std::vector<int64_t> top10;
  std::vector<double> top10_scores;
};

// Reads expected.jsonl of `data_dir`.
//
// Errors   NOT_FOUND         the file is missing
//          INVALID_ARGUMENT  a line is not as expected; names it
absl::StatusOr<std::vector<KnownUser>> ReadKnownUsers(
    const std::string& data_dir);

}  // namespace movietweetings

#endif  // EMB_EXAMPLES_MOVIETWEETINGS_KNOWN_USERS_H_
