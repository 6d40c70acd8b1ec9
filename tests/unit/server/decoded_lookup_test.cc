#include "server/decoded_lookup.h"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/lookup_proto.h"
#include "tests/testing/random_lookup.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/wire_lookup.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using absl::StatusCode;
using testing::HasSubstr;

TEST(ReadLookup, ReadsWhatTheGeneratedClassWrites) {
  RandomLookup random(1, 1'000);
  for (int i = 0; i < 2'000; ++i) {
    const std::string bytes = random.Request().SerializeAsString();
    const auto view = ReadLookup(bytes);
    ASSERT_TRUE(view.has_value());
    ASSERT_EQ(SerialisedAgain(*view), bytes);
  }
}

// Whatever the bytes are: the same as the generated class, or a refusal where
// it refuses.
TEST(DecodedLookup, AgreesWithTheGeneratedClassOnDamagedBytes) {
  RandomLookup requests(2, 1'000);
  std::mt19937 random(3);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = requests.Request().SerializeAsString();
    const int changes = 1 + static_cast<int>(random() % 3);
    for (int j = 0; j < changes; ++j) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    pb::LookupRequest parsed;
    const bool readable = parsed.ParseFromString(bytes);
    const auto decoded = DecodedLookup::Decode(ToWire(bytes), Limits{});
    if (!readable) {
      ASSERT_THAT(decoded, StatusIs(StatusCode::kInvalidArgument));
      continue;
    }
    // Groups are read by the class, as unknown fields, and refused by us.
    if (!decoded.ok()) continue;
    ++accepted;
    parsed.DiscardUnknownFields();
    ASSERT_EQ(SerialisedAgain((*decoded)->view()), parsed.SerializeAsString());
  }
  EXPECT_GT(accepted, 2'000);
}

// Forms that no serialiser writes and every parser must read.
TEST(DecodedLookup, ReadsRareForms) {
  pb::LookupRequest request;
  request.add_features()->set_table("item");
  request.mutable_features(0)->add_ids(7);
  const std::string feature = request.features(0).SerializeAsString();
  const std::string more_ids =
      "\x1a\x08" + std::string("\x09\0\0\0\0\0\0\0", 8);
  const std::string one_id = "\x19" + std::string("\x05\0\0\0\0\0\0\0", 8);
  const struct {
    std::string name;
    std::string feature;
    std::vector<int64_t> ids;
  } cases[] = {
      {"ids in two packed fields", feature + more_ids, {7, 9}},
      {"ids not packed", feature + one_id + one_id, {7, 5, 5}},
      {"an unknown field", feature + "\x98\x06\x01", {7}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string bytes =
        "\x0a" + std::string(1, static_cast<char>(c.feature.size())) +
        c.feature;
    EMB_ASSERT_OK_AND_ASSIGN(const auto decoded,
                             DecodedLookup::Decode(ToWire(bytes), Limits{}));
    const IdSpan ids = decoded->view().features.at(0).ids;
    ASSERT_EQ(ids.size(), c.ids.size());
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], c.ids[i]);
  }
}

TEST(DecodedLookup, PutsACutMessageTogether) {
  RandomLookup random(4, 1'000);
  const std::string bytes = random.Request().SerializeAsString();
  std::vector<grpc::Slice> slices;
  for (const char byte : bytes) slices.emplace_back(std::string(1, byte));
  const grpc::ByteBuffer cut(slices.data(), slices.size());
  EMB_ASSERT_OK_AND_ASSIGN(const auto decoded,
                           DecodedLookup::Decode(cut, Limits{}));
  EXPECT_EQ(SerialisedAgain(decoded->view()), bytes);
}

TEST(DecodedLookup, RefusesWhatIsNoRequest) {
  for (const std::string& bytes :
       {std::string("\x0a"), std::string("\xff\xff\xff"), std::string("\0", 1),
        std::string(64, '\x80'), std::string("\x0b\x0c")}) {
    EXPECT_THAT(DecodedLookup::Decode(ToWire(bytes), Limits{}),
                StatusIs(StatusCode::kInvalidArgument,
                         HasSubstr("want an embedding.v1.LookupRequest")));
  }
}

// An empty feature is two bytes long: a message of 4 MiB could hold two
// million.
TEST(DecodedLookup, CountsFeaturesBeforeItReadsThem) {
  std::string bytes;
  for (int i = 0; i < 1'025; ++i) bytes += std::string("\x0a\0", 2);
  EXPECT_THAT(DecodedLookup::Decode(ToWire(bytes), Limits{}),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("features: there are 1025, want at most")));
  bytes.resize(bytes.size() - 2);
  EMB_EXPECT_OK(DecodedLookup::Decode(ToWire(bytes), Limits{}));
}

}  // namespace
}  // namespace emb
