#include "examples/movietweetings/known_users.h"

#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace movietweetings {
namespace {

// Throws nlohmann::json::exception for a line of another form.
KnownUser ParseUser(const std::string& line) {
  const auto json = nlohmann::json::parse(line);
  KnownUser user;
  json.at("user").get_to(user.user);
  json.at("history").get_to(user.history);
  json.at("fism_top10").get_to(user.top10);
  json.at("fism_score").get_to(user.top10_scores);
  return user;
}

}  // namespace

absl::StatusOr<std::vector<KnownUser>> ReadKnownUsers(
    const std::string& data_dir) {
  const std::string path = data_dir + "/expected.jsonl";
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  std::vector<KnownUser> users;
  std::string line;
  while (std::getline(file, line)) {
    try {
      users.push_back(ParseUser(line));
    } catch (const nlohmann::json::exception& error) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", users.size() + 1, ": ", error.what()));
    }
  }
  return users;
}

}  // namespace movietweetings
