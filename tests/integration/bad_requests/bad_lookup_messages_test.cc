// Lookups that are wrong as a whole: messages that are none, or too much.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "tests/integration/bad_requests/bad_requests_fixture.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr char kLookup[] = "/embedding.v1.EmbeddingService/Lookup";
constexpr char kNoMessage[] = "message: want an embedding.v1.LookupRequest";
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes.push_back(static_cast<char>(value | 0x80));
  }
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

// A field of the wire type that carries its length.
std::string Field(int number, const std::string& content) {
  return absl::StrCat(Varint(static_cast<uint64_t>(number) << 3 | 2),
                      Varint(content.size()), content);
}

std::string Tag(int number, int wire_type) {
  return Varint(static_cast<uint64_t>(number) << 3 |
                static_cast<uint64_t>(wire_type));
}

class BadMessages : public BadRequests {
 protected:
  void ExpectNoLookup(const std::string& what, const std::string& bytes,
                      const std::string& text = kNoMessage) {
    ExpectRefused(what, Send(false, kLookup, bytes), kInvalid, text);
  }
};

pb::Feature FullFeature() {
  pb::Feature feature;
  feature.set_table("item");
  feature.set_version(1);
  feature.add_ids(0);
  feature.add_ids(2);
  feature.mutable_ragged()->add_lengths(2);
  feature.mutable_pool()->set_mode(pb::Pool::MODE_SUM);
  feature.mutable_pool()->add_weights(1);
  feature.mutable_pool()->add_weights(2);
  feature.set_padding_id(-1);
  feature.set_missing_ids(pb::MISSING_IDS_ERROR);
  feature.set_dtype(pb::DTYPE_FLOAT16);
  return feature;
}

TEST_F(BadMessages, AMessageThatEndsEarly) {
  pb::LookupRequest request;
  *request.add_features() = FullFeature();
  const std::string whole = request.SerializeAsString();
  ASSERT_TRUE(Send(false, kLookup, whole).ok());
  for (size_t size = 1; size < whole.size(); ++size) {
    ExpectNoLookup(absl::StrCat(size, " bytes of ", whole.size()),
                   whole.substr(0, size));
  }
}

TEST_F(BadMessages, BytesThatAreNoMessage) {
  const std::string feature = FullFeature().SerializeAsString();
  const std::string good = Field(1, feature);
  const struct {
    std::string what;
    std::string bytes;
  } cases[] = {
      {"text", "GET / HTTP/1.1\r\n\r\n"},
      {"field number 0", std::string(1, '\0')},
      {"field number 0 with a length", absl::StrCat(Tag(0, 2), "\x01", "a")},
      {"wire type 6", Tag(1, 6)},
      {"wire type 7", Tag(1, 7)},
      {"a tag beyond 32 bits", Varint(uint64_t{1} << 35 | 2)},
      {"a tag that does not end", std::string(11, '\xff')},
      {"a length beyond the message", absl::StrCat(Tag(1, 2), "\x7f", "a")},
      {"a length of 2 GiB", absl::StrCat(Tag(1, 2), Varint(uint64_t{1} << 31))},
      {"a length of 2^63", absl::StrCat(Tag(1, 2), Varint(uint64_t{1} << 63))},
      {"a negative length", absl::StrCat(Tag(1, 2), Varint(~uint64_t{0}))},
      {"a varint of 11 bytes",
       absl::StrCat(Tag(3, 0), std::string(10, '\xff'), "\x01")},
      {"an end of a group that did not begin", Tag(9, 4)},
      {"a group that does not end", Tag(9, 3)},
      {"groups that end crosswise",
       absl::StrCat(Tag(9, 3), Tag(10, 3), Tag(9, 4), Tag(10, 4))},
      {"a fixed64 that ends early", absl::StrCat(Tag(9, 1), "1234567")},
      {"a fixed32 that ends early", absl::StrCat(Tag(9, 5), "123")},
      {"a good feature, then half a tag", good + "\x80"},
      {"half a tag, then a good feature", "\x80" + good},
  };
  for (const auto& c : cases) ExpectNoLookup(c.what, c.bytes);
}

TEST_F(BadMessages, FieldsOfTheWrongSize) {
  const std::string table = Field(1, "item");
  const struct {
    std::string what;
    std::string feature;
  } cases[] = {
      {"ids of 7 bytes", table + Field(3, std::string(7, '\0'))},
      {"ids of 9 bytes", table + Field(3, std::string(9, '\0'))},
      {"ids of 1 byte", table + Field(3, "x")},
      {"an id that ends early", table + Tag(3, 1) + "1234"},
      {"weights of 3 bytes", table + Field(7, Field(2, "abc"))},
      {"weights of 5 bytes", table + Field(7, Field(2, "abcde"))},
      {"dims that end within a varint", table + Field(4, Field(1, "\x80"))},
      {"lengths that end within one", table + Field(5, Field(1, "\x01\xff"))},
      {"a dim of 11 bytes",
       table + Field(4, Field(1, std::string(10, '\xff') + "\x01"))},
      {"a padding_id that ends early", table + Tag(8, 1) + "123"},
      {"a table that is no UTF-8", Field(1, "\xff\xfe")},
      {"a table of half a character", Field(1, "it\xc3")},
      {"an overlong character", Field(1, "\xc0\xaf")},
      {"a surrogate", Field(1, "\xed\xa0\x80")},
  };
  for (const auto& c : cases) ExpectNoLookup(c.what, Field(1, c.feature));
}

// A recursive reader would need a stack for it.
TEST_F(BadMessages, GroupsInGroups) {
  for (const int depth : {101, 1'000, 100'000, 1'000'000}) {
    std::string bytes;
    for (int i = 0; i < depth; ++i) bytes += Tag(9, 3);
    ExpectNoLookup(absl::StrCat(depth, " groups that do not end"), bytes);
    for (int i = 0; i < depth; ++i) bytes += Tag(9, 4);
    ExpectNoLookup(absl::StrCat(depth, " groups in groups"), bytes);
  }
}

TEST_F(BadMessages, LimitsOfTheWhole) {
  const auto refused = [&](const std::string& what,
                           const pb::LookupRequest& request,
                           const std::string& text) {
    ExpectNoLookup(what, request.SerializeAsString(), text);
  };
  refused("nothing", {}, "features: there are none, want at least 1");
  pb::LookupRequest request;
  request.set_partial(true);
  request.set_request_id(~uint64_t{0});
  refused("no features", request, "features: there are none");
  for (int i = 0; i < 1'025; ++i) request.add_features();
  refused("1,025 features", request, "there are 1025, want at most 1024");
  for (int i = 0; i < 500'000; ++i) request.add_features();
  refused("half a million features", request, "there are 501025");
  request.clear_features();
  for (const int count : {131'072, 131'072, 1}) {
    pb::Feature& feature = *request.add_features();
    feature.set_table("item");
    feature.mutable_ids()->Resize(count, 0);
  }
  refused("262,145 ids", request, "262145 ids in all, want at most 262144");
  request.clear_features();
  for (int i = 0; i < 3; ++i) {
    pb::Feature& feature = *request.add_features();
    feature.set_table("item");
    feature.mutable_pad()->set_length(262'144);
    feature.mutable_ragged()->mutable_lengths()->Resize(16, 0);
  }
  refused("answers of 32 MiB each", request,
          "features: the answer would be over 64.0 MiB");
}

// gRPC's own, before the bytes reach the server's code.
TEST_F(BadMessages, AMessageOverTheByteLimit) {
  for (const size_t bytes : {(size_t{4} << 20) + 1, size_t{16} << 20}) {
    ExpectRefused(absl::StrCat(bytes, " bytes"),
                  Send(false, kLookup, std::string(bytes, '\0')),
                  StatusCode::kResourceExhausted, "larger than max");
  }
}

}  // namespace
}  // namespace emb
