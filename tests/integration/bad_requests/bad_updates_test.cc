// Updates of rows that must not be.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/bad_requests/bad_requests_fixture.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Change = std::function<void(pb::RowUpdate&)>;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kRange = absl::StatusCode::kOutOfRange;

std::string Bytes(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

pb::RowUpdate Update(const std::string& table, const std::vector<int64_t>& ids,
                     const std::vector<float>& values) {
  pb::RowUpdate update;
  update.set_table(table);
  update.mutable_ids()->Add(ids.begin(), ids.end());
  update.set_values(Bytes(values));
  return update;
}

class BadUpdates : public BadRequests {
 protected:
  // Alone, and behind a good update of another table, which is not done then.
  void ExpectBothRefused(const std::string& what, const pb::RowUpdate& update,
                         StatusCode code, const std::string& text) {
    pb::UpsertRowsRequest request;
    *request.add_updates() = update;
    Refuse(what, request, code, "updates[0]", text);
    *request.mutable_updates(0) = Update("kept", {0}, {8, 9});
    *request.add_updates() = update;
    Refuse(what + ", second", request, code, "updates[1]", text);
  }

  void Refuse(const std::string& what, const pb::UpsertRowsRequest& request,
              StatusCode code, const std::string& path,
              const std::string& text) {
    const grpc::Status status =
        Call(admin(), &pb::TableAdmin::Stub::UpsertRows, request);
    ExpectRefused(what, status, code, text);
    EXPECT_EQ(status.error_message().find(path), 0U) << status.error_message();
  }
};

TEST_F(BadUpdates, RowsThatThereAreNot) {
  for (const int64_t id :
       {int64_t{-1}, int64_t{4}, int64_t{1} << 40, kInt64Max, kInt64Min}) {
    for (const size_t place : {0U, 1U, 2U}) {
      std::vector<int64_t> ids = {0, 1, 2};
      ids[place] = id;
      ExpectBothRefused("id", Update("item", ids, std::vector<float>(6)),
                        kRange,
                        absl::StrCat(".ids[", place, "] = ", id,
                                     ", want [0, 4) of table \"item\""));
    }
  }
  ExpectBothRefused("padding", Update("item", {3}, {1, 1}), kInvalid,
                    ".ids[0] = 3 is the padding row of table \"item\"");
  ExpectBothRefused("padding", Update("item", {0, 3}, {1, 1, 0, 0}), kInvalid,
                    ".ids[1] = 3 is the padding row");
}

TEST_F(BadUpdates, NotAsManyValuesAsRows) {
  for (const size_t size : {0U, 1U, 7U, 9U, 15U, 16U, 100'000U}) {
    pb::RowUpdate update = Update("item", {1}, {});
    update.set_values(std::string(size, '\0'));
    ExpectBothRefused(
        "values", update, kInvalid,
        absl::StrCat(".values: ", size, " bytes, want 8 for 1 rows of 2"));
  }
  ExpectBothRefused("no ids", Update("item", {}, {1, 2}), kInvalid,
                    ".values: 8 bytes, want 0 for 0 rows of 2 float32");
}

TEST_F(BadUpdates, TablesThatCannotBeUpdated) {
  const std::vector<std::string> names = {"",      "user", "Item", "item@1",
                                          "it em", "../a", "\n"};
  for (const std::string& name : names) {
    ExpectBothRefused(name, Update(name, {0}, {1, 2}), StatusCode::kNotFound,
                      absl::StrCat(": table \"", name, "\": there is none"));
  }
  ExpectBothRefused("long", Update(std::string(129, 'x'), {0}, {1, 2}),
                    StatusCode::kNotFound, "a name of 129 bytes");
  ExpectBothRefused("hidden", Update("hidden", {0}, {1, 2}),
                    StatusCode::kFailedPrecondition, "no version is published");
}

TEST_F(BadUpdates, AnotherRevisionThanExpected) {
  for (const uint64_t revision :
       {uint64_t{1}, uint64_t{2}, uint64_t{1} << 63, ~uint64_t{0}}) {
    pb::RowUpdate update = Update("item", {0}, {8, 9});
    update.set_expected_revision(revision);
    ExpectBothRefused("revision", update, StatusCode::kAborted,
                      ": table \"item\" is at revision 0, want ");
  }
}

TEST_F(BadUpdates, ElementsThatTheTypeCannotHold) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const struct {
    std::string table;
    std::vector<float> elements;
  } cases[] = {{"half", {65'520, -1e38F}},
               {"byte", {nan, infinity, -infinity}},
               {"nibble", {nan, infinity, -infinity, 1e38F}}};
  for (const auto& c : cases) {
    for (const float element : c.elements) {
      for (const size_t column : {0U, 1U}) {
        std::vector<float> values = {0, 1, 0, 1};
        values[2 + column] = element;
        ExpectBothRefused(
            absl::StrCat(c.table, " ", element),
            Update(c.table, {0, 1}, values), kInvalid,
            absl::StrCat(": values, row 1, column ", column, ": "));
      }
    }
  }
}

TEST_F(BadUpdates, RequestsThatAreWrongAsAWhole) {
  pb::UpsertRowsRequest request;
  Refuse("nothing", request, kInvalid, "updates", "there are none, want one");
  *request.add_updates() = Update("item", {0}, {8, 9});
  *request.add_updates() = Update("kept", {0}, {8, 9});
  *request.add_updates() = Update("item", {1}, {8, 9});
  Refuse("twice", request, kInvalid, "updates[2].table",
         "\"item\" is named twice, want it once");
  request.clear_updates();
  *request.add_updates() = Update("item", {0}, {8, 9});
  for (const size_t size : {129U, 1'000'000U}) {
    request.set_request_id(std::string(size, 'r'));
    Refuse("request_id", request, kInvalid, "request_id",
           absl::StrCat(size, " bytes, want at most 128"));
  }
}

}  // namespace
}  // namespace emb
