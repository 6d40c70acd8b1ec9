// Lookups that are wrong in one feature. Each is sent as a call, as a partial
// one, and on a stream between two good ones.
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/integration/bad_requests/bad_requests_fixture.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Change = std::function<void(pb::Feature&)>;
using Ids = std::vector<int64_t>;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct WrongFeature {
  Ids ids;
  Change change;
  absl::StatusCode code;
  std::string text;  // A piece; the message begins with "features[1]".
};

class BadLookups : public BadRequests {
 protected:
  static pb::LookupRequest With(const pb::Feature& feature) {
    pb::LookupRequest request;
    pb::Feature& good = *request.add_features();
    good.set_table("half");
    good.add_ids(1);
    *request.add_features() = feature;
    return request;
  }

  void ExpectRefusedEveryWay(const std::vector<WrongFeature>& cases) {
    for (const WrongFeature& wrong : cases) {
      pb::Feature feature;
      feature.set_table("item");
      feature.mutable_ids()->Add(wrong.ids.begin(), wrong.ids.end());
      wrong.change(feature);
      ExpectRefusedEveryWay(With(feature), wrong.code, wrong.text);
    }
  }

  void ExpectRefusedEveryWay(pb::LookupRequest request, StatusCode code,
                             const std::string& text) {
    SCOPED_TRACE(request.ShortDebugString().substr(0, 500));
    const grpc::Status status =
        Call(lookups(), &pb::EmbeddingService::Stub::Lookup, request);
    ExpectRefused("call", status, code, text);
    EXPECT_EQ(status.error_message().find("features[1]"), 0U);
    ExpectRefusedOnStream(request, code, text);
    request.set_partial(true);
    ExpectRefusedAlone(request, code, text);
  }

  // The other feature is answered all the same.
  void ExpectRefusedAlone(const pb::LookupRequest& request, StatusCode code,
                          const std::string& text) {
    const auto context = Context();
    pb::LookupResponse response;
    const grpc::Status status =
        lookups().Lookup(context.get(), request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.results_size(), 2);
    EXPECT_EQ(response.results(0).values().size(), 8U);
    const pb::FeatureResult& failed = response.results(1);
    EXPECT_EQ(failed.status().code(), static_cast<int>(code));
    EXPECT_THAT(failed.status().message(),
                AllOf(StartsWith("features[1]"), HasSubstr(text)));
    EXPECT_TRUE(failed.values().empty());
  }

  void ExpectRefusedOnStream(const pb::LookupRequest& request, StatusCode code,
                             const std::string& text) {
    pb::LookupRequest good;
    *good.add_features() = request.features(0);
    const auto context = Context();
    const auto stream = lookups().LookupStream(context.get());
    const pb::LookupRequest* const requests[] = {&good, &request, &good};
    for (const pb::LookupRequest* const next : requests) {
      pb::LookupResponse response;
      ASSERT_TRUE(stream->Write(*next));
      ASSERT_TRUE(stream->Read(&response));
      EXPECT_FALSE(response.more_parts());
      if (next == &good) {
        EXPECT_FALSE(response.has_status());
        EXPECT_EQ(response.results(0).values().size(), 8U);
      } else {
        EXPECT_EQ(response.status().code(), static_cast<int>(code));
        EXPECT_THAT(response.status().message(),
                    AllOf(StartsWith("features[1]"), HasSubstr(text)));
      }
    }
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
  }
};

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kRange = absl::StatusCode::kOutOfRange;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

Change Nothing() {
  return [](pb::Feature&) {};
}
Change Dims(const std::vector<int64_t>& dims) {
  return [dims](pb::Feature& f) {
    f.mutable_dense()->mutable_dims()->Add(dims.begin(), dims.end());
  };
}
Change Ragged(const std::vector<int64_t>& lengths) {
  return [lengths](pb::Feature& f) {
    f.mutable_ragged()->mutable_lengths()->Add(lengths.begin(), lengths.end());
  };
}
Change Pool(int mode, const std::vector<float>& weights = {}) {
  return [=](pb::Feature& f) {
    f.mutable_pool()->set_mode(static_cast<pb::Pool::Mode>(mode));
    f.mutable_pool()->mutable_weights()->Add(weights.begin(), weights.end());
  };
}
Change Both(const Change& first, const Change& second) {
  return [=](pb::Feature& f) {
    first(f);
    second(f);
  };
}
Change InTable(const std::string& name, uint64_t version = 0) {
  return [=](pb::Feature& f) {
    f.set_table(name);
    f.set_version(version);
  };
}

// Wherever it stands, whatever becomes of the row, and however the other ids
// are arranged.
TEST_F(BadLookups, AnIdOutsideOfTheTableIsNamed) {
  const Change combines[] = {
      Nothing(),
      Pool(pb::Pool::MODE_SUM),
      Pool(pb::Pool::MODE_MEAN),
      Pool(pb::Pool::MODE_MAX),
      Both(Ragged({2, 0, 3}), [](auto& f) { f.mutable_pad(); }),
      Both(Ragged({5}), Pool(pb::Pool::MODE_SUM, {1, 0, 0, 0, 0})),
  };
  std::vector<WrongFeature> cases;
  for (const Change& combine : combines) {
    for (const int64_t id :
         {int64_t{-1}, int64_t{4}, int64_t{1} << 32, kInt64Max, kInt64Min}) {
      for (const size_t place : {0U, 2U, 4U}) {
        Ids ids = {0, 1, 2, 3, 0};
        ids[place] = id;
        cases.push_back({ids, combine, kRange,
                         absl::StrCat(".ids[", place, "] = ", id,
                                      ", want [0, 4) of table \"item\"")});
      }
    }
  }
  ExpectRefusedEveryWay(cases);
}

// Only the first offender is named, and a padding id is none.
TEST_F(BadLookups, PaddingIdsExcuseOnlyThemselves) {
  const auto padding = [](int64_t id) {
    return [id](pb::Feature& f) { f.set_padding_id(id); };
  };
  ExpectRefusedEveryWay({
      {{-1, -2}, padding(-1), kRange, ".ids[1] = -2"},
      {{-2, -1}, padding(-1), kRange, ".ids[0] = -2"},
      {{9, 8, 7}, Nothing(), kRange, ".ids[0] = 9"},
      {{kInt64Max, kInt64Min}, padding(kInt64Max), kRange, ".ids[1] = -9223"},
      {{4}, padding(0), kRange, ".ids[0] = 4"},
      // Stated although it is the default.
      {{4},
       [](auto& f) { f.set_missing_ids(pb::MISSING_IDS_ERROR); },
       kRange,
       ".ids[0] = 4"},
  });
}

TEST_F(BadLookups, NoSuchTableOrVersion) {
  const std::string long_name(129, 'x');
  ExpectRefusedEveryWay({
      {{0}, InTable(""), kNotFound, ": table \"\""},
      {{0}, InTable("user"), kNotFound, ": table \"user\""},
      {{0}, InTable("Item"), kNotFound, ": table \"Item\""},
      {{0}, InTable("item "), kNotFound, ": table \"item \""},
      {{0}, InTable("item@1"), kNotFound, ": table \"item@1\""},
      {{0}, InTable("../item"), kNotFound, ": table \"../item\""},
      {{0}, InTable("\u00fc"), kNotFound, ": table \"\u00fc\""},
      {{0}, InTable(std::string("it\0em", 5)), kNotFound, ": table \"it"},
      {{0}, InTable(long_name), kNotFound, "a name of 129 bytes"},
      {{0}, InTable(std::string(1 << 20, 'y')), kNotFound, "of 1048576 bytes"},
      {{0}, InTable("item", 2), kNotFound, "version 2 is not served, 1 is"},
      {{0}, InTable("item", ~uint64_t{0}), kNotFound, "version 18446744073709"},
      {{0},
       InTable("item", uint64_t{1} << 63),
       kNotFound,
       "version 92233720368"},
      {{0}, InTable("kept", 3), kNotFound, "version 3 is not served, 2 is"},
      {{0},
       InTable("kept", 1),
       StatusCode::kFailedPrecondition,
       "version 1 is kept on disk only, pin it"},
      {{0},
       InTable("hidden"),
       StatusCode::kFailedPrecondition,
       "no version is published"},
  });
}

TEST_F(BadLookups, DenseShapesThatDoNotFit) {
  const int64_t large = int64_t{1} << 62;
  ExpectRefusedEveryWay({
      {{}, Nothing(), kInvalid, ".ids: there are none"},
      {{0, 1, 2}, Dims({2, 2}), kInvalid, ".dense.dims: room for 4 ids"},
      {{0, 1}, Dims({}), kInvalid, ".dense.dims: room for 1 ids"},
      {{}, Dims({}), kInvalid, ".dense.dims: room for 1 ids, but there are 0"},
      {{0}, Dims({0}), kInvalid, ".dense.dims: room for 0 ids"},
      {{0}, Dims({0, kInt64Max}), kInvalid, ".dense.dims: room for 0 ids"},
      {{0}, Dims({-1}), kInvalid, ".dense.dims[0] = -1, want at least 0"},
      {{0}, Dims({1, -1}), kInvalid, ".dense.dims[1] = -1"},
      {{}, Dims({0, kInt64Min}), kInvalid, ".dense.dims[1] = -92233720368"},
      {{0}, Dims({-1, -1}), kInvalid, ".dense.dims[0] = -1"},
      {{0}, Dims({large, 2}), kInvalid, ": their product is beyond 2^63"},
      {{0}, Dims({large, 4}), kInvalid, ": their product is beyond 2^63"},
      {{0}, Dims({kInt64Max, kInt64Max}), kInvalid, "is beyond 2^63"},
      {{0}, Dims({kInt64Max}), kInvalid, ".dense.dims: room for 92233720368"},
      {{0}, Dims(Ids(17, 1)), kInvalid, "17 extents, want at most 16"},
      {{0}, Dims(Ids(10'000, 1)), kInvalid, "10000 extents, want at most 16"},
  });
}

TEST_F(BadLookups, LengthsThatDoNotFit) {
  ExpectRefusedEveryWay({
      {{0, 1}, Ragged({3}), kInvalid, ".ragged.lengths[0] = 3, want at most 2"},
      {{0, 1}, Ragged({1, 2}), kInvalid, ".ragged.lengths[1] = 2, want at mo"},
      {{0, 1}, Ragged({1}), kInvalid, ".ragged.lengths: they add up to 1"},
      {{0, 1}, Ragged({}), kInvalid, ".ragged.lengths: they add up to 0"},
      {{0}, Ragged({-1, 2}), kInvalid, ".ragged.lengths[0] = -1, want at lea"},
      {{0}, Ragged({1, -1}), kInvalid, ".ragged.lengths[1] = -1"},
      {{0}, Ragged({1, kInt64Min}), kInvalid, ".ragged.lengths[1] = -9223372"},
      {{0}, Ragged({kInt64Max}), kInvalid, ".ragged.lengths[0] = 9223372"},
      {{0}, Ragged({1, kInt64Max}), kInvalid, ".ragged.lengths[1] = 92233"},
      {{}, Ragged({1}), kInvalid, ".ragged.lengths[0] = 1, want at most 0"},
      {{0, 1}, Ragged(Ids(100'000, 0)), kInvalid, "they add up to 0"},
  });
}

TEST_F(BadLookups, PaddingThatMakesNoSense) {
  const auto length = [](int64_t value) {
    return Both(Ragged({1}),
                [value](auto& f) { f.mutable_pad()->set_length(value); });
  };
  const auto side = [](int value) {
    return Both(Ragged({1}), [value](auto& f) {
      f.mutable_pad()->set_side(static_cast<pb::Pad::Side>(value));
    });
  };
  const auto keep = [](int value) {
    return Both(Ragged({1}), [value](auto& f) {
      f.mutable_pad()->set_keep(static_cast<pb::Pad::Keep>(value));
    });
  };
  const auto pad = [](auto& f) { f.mutable_pad(); };
  ExpectRefusedEveryWay({
      {{0}, pad, kInvalid, ".pad: want it with ragged ids"},
      {{0}, Both(Dims({1}), pad), kInvalid, ".pad: want it with ragged ids"},
      {{0}, Both(Dims({}), pad), kInvalid, ".pad: want it with ragged ids"},
      {{0}, length(0), kInvalid, ".pad.length = 0, want 1 to 262144"},
      {{0}, length(-1), kInvalid, ".pad.length = -1"},
      {{0}, length(262'145), kInvalid, ".pad.length = 262145"},
      {{0}, length(kInt64Max), kInvalid, ".pad.length = 92233720368"},
      {{0}, length(kInt64Min), kInvalid, ".pad.length = -92233720368"},
      {{0}, side(3), kInvalid, ".pad.side = 3, which is no Side"},
      {{0}, side(-1), kInvalid, ".pad.side = -1"},
      {{0}, side(INT32_MAX), kInvalid, ".pad.side = 2147483647"},
      {{0}, keep(3), kInvalid, ".pad.keep = 3, which is no Keep"},
      {{0}, keep(-1), kInvalid, ".pad.keep = -1"},
      {{0}, keep(INT32_MIN), kInvalid, ".pad.keep = -2147483648"},
  });
}

TEST_F(BadLookups, PoolingThatMakesNoSense) {
  const int sum = pb::Pool::MODE_SUM;
  ExpectRefusedEveryWay({
      {{0}, Pool(0), kInvalid, ".pool.mode = 0, want MODE_SUM"},
      {{0}, Pool(4), kInvalid, ".pool.mode = 4"},
      {{0}, Pool(-1), kInvalid, ".pool.mode = -1"},
      {{0}, Pool(INT32_MAX), kInvalid, ".pool.mode = 2147483647"},
      {{0}, Both(Ragged({1}), Pool(0)), kInvalid, ".pool.mode = 0"},
      {{0}, Both(Dims({1}), Pool(9)), kInvalid, ".pool.mode = 9"},
      {{0}, Pool(2, {1}), kInvalid, ".pool.weights: there are 1, want none"},
      {{0}, Pool(3, {1}), kInvalid, ".pool.weights: there are 1, want none"},
      {{0, 1}, Pool(sum, {1}), kInvalid, "there are 1, want one per id: 2"},
      {{0}, Pool(sum, {1, 2}), kInvalid, "there are 2, want one per id: 1"},
      {{0},
       Pool(sum, std::vector<float>(9'999)),
       kInvalid,
       "there are 9999, want one per id: 1"},
      {{}, Both(Dims({0}), Pool(sum)), kInvalid, ".pool: want a last axis of"},
      {{}, Both(Dims({4, 0}), Pool(2)), kInvalid, ".pool: want a last axis of"},
      {{}, Both(Dims({kInt64Max, 0}), Pool(3)), kInvalid, ".pool: want a last"},
      {{0}, Both(Dims({}), Pool(sum)), kInvalid, ".pool: want ids with an axi"},
      {{}, Pool(sum), kInvalid, ".ids: there are none"},
  });
}

TEST_F(BadLookups, ChoicesThatThereAreNot) {
  std::vector<WrongFeature> cases;
  for (const int dtype : {4, 5, 6, 77, -1, INT32_MAX, INT32_MIN}) {
    cases.push_back(
        {{0},
         [dtype](auto& f) { f.set_dtype(static_cast<pb::DType>(dtype)); },
         kInvalid,
         absl::StrCat(".dtype = ", dtype, ", want DTYPE_FLOAT32")});
  }
  for (const int missing : {3, 9, -1, INT32_MAX, INT32_MIN}) {
    cases.push_back(
        {{0},
         [missing](auto& f) {
           f.set_missing_ids(static_cast<pb::MissingIds>(missing));
         },
         kInvalid,
         absl::StrCat(".missing_ids = ", missing, ", which is no MissingIds")});
  }
  ExpectRefusedEveryWay(cases);
}

// A few bytes must not ask for gigabytes.
TEST_F(BadLookups, AnswersThatWouldBeTooLarge) {
  const auto padded = [](int sequences, int64_t length) {
    return Both(Ragged(Ids(static_cast<size_t>(sequences), 0)),
                [length](auto& f) { f.mutable_pad()->set_length(length); });
  };
  const std::string too_large = ": the answer would be ";
  ExpectRefusedEveryWay({
      {{}, padded(33, 262'144), kInvalid, too_large + "66.0 MiB"},
      {{}, padded(1'000'000, 262'144), kInvalid, too_large + "1.9 TiB"},
      {{}, padded(1'000'000, 9), kInvalid, too_large + "68.7 MiB"},
  });
}

}  // namespace
}  // namespace emb
