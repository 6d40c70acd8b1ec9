#include "client/src/assemble_answer.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr char kBadRequestType[] = "type.googleapis.com/google.rpc.BadRequest";

// A float32 result of this shape and this many bytes.
pb::FeatureResult Result(const std::vector<int64_t>& shape, size_t num_bytes) {
  pb::FeatureResult result;
  result.mutable_shape()->Add(shape.begin(), shape.end());
  result.set_dtype(pb::DTYPE_FLOAT32);
  result.set_values(std::string(num_bytes, '\0'));
  return result;
}

// A request for so many features, each of eight ids.
LookupRequest Asking(size_t num_features,
                     ElementType dtype = ElementType::kDefault) {
  Feature feature;
  feature.ids.resize(8);
  feature.dtype = dtype;
  LookupRequest request;
  request.features.resize(num_features, feature);
  request.partial = true;
  return request;
}

pb::LookupResponse Response(const std::vector<pb::FeatureResult>& results) {
  pb::LookupResponse response;
  response.mutable_results()->Add(results.begin(), results.end());
  return response;
}

// As if the responses had come over the wire, in slices of seven bytes.
absl::StatusOr<LookupResult> AssembleParts(
    const std::vector<pb::LookupResponse>& responses,
    const LookupRequest& request,
    std::optional<absl::Span<std::byte>> memory = std::nullopt) {
  std::vector<SplitAnswer> parts;
  for (const pb::LookupResponse& response : responses) {
    const std::string bytes = response.SerializeAsString();
    std::vector<grpc::Slice> slices;
    for (size_t begin = 0; begin < bytes.size(); begin += 7) {
      slices.emplace_back(bytes.substr(begin, 7));
    }
    const grpc::ByteBuffer message(slices.data(), slices.size());
    auto part = SplitAnswer::Split(message);
    if (!part.ok()) return part.status();
    parts.push_back(*std::move(part));
  }
  return AssembleAnswer(parts, request, memory);
}

absl::StatusOr<LookupResult> Assemble(const pb::LookupResponse& response,
                                      const LookupRequest& request) {
  return AssembleParts({response}, request);
}

TEST(AssembleAnswer, CarriesEveryField) {
  pb::FeatureResult proto = Result({1, 2}, 0);
  proto.set_version(5);
  proto.set_revision(6);
  proto.set_values(std::string("\0\0\x80\x3f\0\0\0\xc0", 8));  // 1, -2
  proto.add_lengths(1);
  proto.set_missing("\x81");
  pb::LookupResponse response = Response({proto});
  response.set_epoch(11);
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result,
                           Assemble(response, Asking(1)));
  EXPECT_EQ(result.epoch(), 11U);
  ASSERT_THAT(result.features(), SizeIs(1));
  const FeatureResult& feature = result.feature(0);
  EMB_EXPECT_OK(feature.status);
  EXPECT_THAT(feature.shape, ElementsAre(1, 2));
  EXPECT_EQ(feature.dtype, ElementType::kFloat32);
  EXPECT_EQ(feature.version, 5U);
  EXPECT_EQ(feature.revision, 6U);
  EXPECT_THAT(feature.values(), ElementsAre(1, -2));
  EXPECT_THAT(feature.lengths, ElementsAre(1));
  EXPECT_THAT(feature.missing, ElementsAre(0x81));
}

TEST(AssembleAnswer, HalfFloatsHaveTwoBytes) {
  for (const auto dtype : {ElementType::kFloat16, ElementType::kBFloat16}) {
    pb::FeatureResult half = Result({3, 2}, 12);
    half.set_dtype(static_cast<pb::DType>(dtype));
    EMB_EXPECT_OK(Assemble(Response({half}), Asking(1, dtype)));
    half.set_values(std::string(24, '\0'));
    EXPECT_THAT(
        Assemble(Response({half}), Asking(1, dtype)),
        StatusIs(StatusCode::kInternal, HasSubstr("24 bytes, want 12")));
  }
}

TEST(AssembleAnswer, RefusesAResultThatContradictsItself) {
  const auto with_dtype = [](int dtype) {
    pb::FeatureResult result = Result({0, 4}, 0);
    result.set_dtype(static_cast<pb::DType>(dtype));
    return result;
  };
  pb::FeatureResult with_lengths = Result({1, 1}, 4);
  with_lengths.mutable_lengths()->Resize(2, 1);
  pb::FeatureResult with_empty_status;
  with_empty_status.mutable_status();
  pb::FeatureResult with_missing = Result({1, 1}, 4);
  with_missing.set_missing("xy");
  const struct {
    std::string name;
    pb::FeatureResult result;
    std::string complaint;
  } cases[] = {
      {"one byte short", Result({2, 3}, 23), "23 bytes, want 24"},
      {"one byte over", Result({2, 3}, 25), "25 bytes, want 24"},
      {"no bytes", Result({2, 3}, 0), "0 bytes, want 24"},
      {"bytes for no rows", Result({0, 3}, 12), "12 bytes, want 0"},
      {"negative extent", Result({-2, 3}, 24), "impossible shape"},
      {"two negative extents", Result({-2, -3}, 24), "impossible shape"},
      {"negative after zero", Result({0, -1}, 0), "impossible shape"},
      {"overflow at once", Result({kMax}, 0), "impossible shape"},
      // 2^62 elements of 4 bytes are 2^64 bytes, or none.
      {"overflow to zero", Result({1LL << 31, 1LL << 31}, 0),
       "impossible shape"},
      {"unspecified dtype", with_dtype(0), "dtype "},
      {"int8", with_dtype(pb::DTYPE_INT8_ROWWISE), "dtype "},
      {"int4", with_dtype(pb::DTYPE_INT4_ROWWISE), "dtype "},
      {"dtype of a later server", with_dtype(6), "dtype "},
      {"negative dtype", with_dtype(-1), "dtype "},
      {"a status that says OK, and no values", with_empty_status, "dtype "},
      {"another dtype than asked for", with_dtype(pb::DTYPE_FLOAT16),
       "dtype float16, want float32"},
      {"lengths of other sequences", with_lengths, "2 lengths"},
      {"missing ids beyond the eight", with_missing,
       "2 bytes of missing ids, want 1"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_THAT(Assemble(Response({c.result}), Asking(1)),
                StatusIs(StatusCode::kInternal,
                         HasSubstr("results[0]: " + c.complaint)));
    EXPECT_THAT(Assemble(Response({Result({1}, 4), c.result}), Asking(2)),
                StatusIs(StatusCode::kInternal,
                         HasSubstr("results[1]: " + c.complaint)));
  }
}

TEST(AssembleAnswer, RefusesTheWrongNumberOfResults) {
  const pb::FeatureResult one = Result({1}, 4);
  EXPECT_THAT(Assemble(Response({}), Asking(1)),
              StatusIs(StatusCode::kInternal, HasSubstr("0 results, want 1")));
  EXPECT_THAT(Assemble(Response({one}), Asking(2)),
              StatusIs(StatusCode::kInternal, HasSubstr("1 results, want 2")));
  EXPECT_THAT(Assemble(Response({one, one}), Asking(1)),
              StatusIs(StatusCode::kInternal, HasSubstr("2 results, want 1")));
  EXPECT_THAT(Assemble(Response({one}), Asking(0)),
              StatusIs(StatusCode::kInternal, HasSubstr("1 results, want 0")));
  EMB_EXPECT_OK(Assemble(Response({}), Asking(0)));
}

pb::FeatureResult PieceOf(const pb::FeatureResult& whole, uint32_t feature,
                          size_t offset, size_t size) {
  pb::FeatureResult piece = whole;
  piece.set_values(whole.values().substr(offset, size));
  piece.set_feature(feature);
  piece.set_values_offset(offset);
  return piece;
}

TEST(AssembleAnswer, PutsPartsTogether) {
  pb::FeatureResult first = Result({1}, 4);
  first.set_values("abcd");
  pb::FeatureResult second = Result({3, 1}, 12);
  second.set_values("efghijklmnop");
  EMB_ASSERT_OK_AND_ASSIGN(
      const LookupResult result,
      AssembleParts(
          {Response({PieceOf(first, 0, 0, 4), PieceOf(second, 1, 0, 4)}),
           Response({PieceOf(second, 1, 4, 8)})},
          Asking(2)));
  const auto text = [&](size_t feature) {
    const auto bytes = result.feature(feature).bytes;
    return std::string(reinterpret_cast<const char*>(bytes.data()),
                       bytes.size());
  };
  EXPECT_EQ(text(0), "abcd");
  EXPECT_EQ(text(1), "efghijklmnop");
}

TEST(AssembleAnswer, RefusesPartsThatDoNotFit) {
  const pb::FeatureResult whole = Result({3, 1}, 12);
  const auto head = Response({PieceOf(whole, 0, 0, 4)});
  const struct {
    std::string complaint;
    std::vector<pb::LookupResponse> parts;
  } cases[] = {
      {"values at byte 8, want 4", {head, Response({PieceOf(whole, 0, 8, 4)})}},
      {"values at byte 0, want 4", {head, head}},
      {"8 bytes, want 12", {head, Response({PieceOf(whole, 0, 4, 4)})}},
      {"of a feature that was not",
       {head, Response({PieceOf(whole, 1, 0, 4)})}},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(AssembleParts(c.parts, Asking(1)),
                StatusIs(StatusCode::kInternal, HasSubstr(c.complaint)));
  }
  EXPECT_THAT(
      AssembleParts({head, Response({PieceOf(whole, 0, 4, 8)})}, Asking(2)),
      StatusIs(StatusCode::kInternal, HasSubstr("results[1]: missing")));
}

TEST(SplitAnswer, RefusesWhatIsNoResponse) {
  for (const std::string& bytes :
       {std::string("\x12"), std::string("\x12\x05\x0a"), std::string("\xff"),
        std::string("\x12\x02\x2a\x09"), std::string("\x0b")}) {
    const grpc::Slice slice(bytes);
    EXPECT_THAT(SplitAnswer::Split(grpc::ByteBuffer(&slice, 1)),
                StatusIs(StatusCode::kInternal, HasSubstr("malformed")));
  }
}

TEST(AssembleAnswer, AFailedFeatureHasAStatusAndNoValues) {
  pb::FeatureResult failed;
  failed.mutable_status()->set_code(static_cast<int>(StatusCode::kOutOfRange));
  failed.mutable_status()->set_message("features[0].ids[1] = 9");
  google::rpc::BadRequest details;
  details.add_field_violations()->set_field("features[0].ids[1]");
  failed.mutable_status()->add_details()->PackFrom(details);
  EMB_ASSERT_OK_AND_ASSIGN(
      const LookupResult result,
      Assemble(Response({failed, Result({2, 1}, 8)}), Asking(2)));
  const FeatureResult& first = result.feature(0);
  EXPECT_THAT(first.status, StatusIs(StatusCode::kOutOfRange,
                                     HasSubstr("features[0].ids[1] = 9")));
  EXPECT_EQ(first.status.GetPayload(kBadRequestType),
            absl::Cord(details.SerializeAsString()));
  EXPECT_THAT(first.shape, IsEmpty());
  EXPECT_THAT(first.values(), IsEmpty());
  EMB_EXPECT_OK(result.feature(1).status);
  EXPECT_THAT(result.feature(1).values(), ElementsAre(0, 0));
}

TEST(AssembleAnswer, AFeatureFailsOnlyInAPartialAnswer) {
  pb::FeatureResult failed;
  failed.mutable_status()->set_code(static_cast<int>(StatusCode::kNotFound));
  LookupRequest whole = Asking(1);
  whole.partial = false;
  EXPECT_THAT(Assemble(Response({failed}), whole),
              StatusIs(StatusCode::kInternal, HasSubstr("results[0]: failed")));
}

// One float32, nothing, 17 of them, nothing: 64 + 68 bytes.
std::vector<pb::LookupResponse> SmallAnswer() {
  pb::FeatureResult first = Result({1}, 4);
  first.set_values("abcd");
  pb::FeatureResult third = Result({17}, 68);
  third.set_values(std::string(68, 'x'));
  return {Response({first, Result({0, 4}, 0), third, Result({3, 0}, 0)})};
}

TEST(AssembleAnswer, PutsValuesIntoMemoryOfTheCallers) {
  alignas(64) std::byte memory[200];
  std::memset(memory, '-', sizeof(memory));
  EMB_ASSERT_OK_AND_ASSIGN(
      const LookupResult result,
      AssembleParts(SmallAnswer(), Asking(4), absl::MakeSpan(memory)));
  EXPECT_EQ(result.feature(0).bytes.data(), memory);
  EXPECT_EQ(result.feature(0).bytes.size(), 4U);
  EXPECT_THAT(result.feature(1).bytes, IsEmpty());
  EXPECT_EQ(result.feature(2).bytes.data(), memory + 64);
  EXPECT_EQ(result.feature(2).bytes.size(), 68U);
  EXPECT_THAT(result.feature(3).bytes, IsEmpty());
  const std::string want = "abcd" + std::string(60, '-') +
                           std::string(68, 'x') + std::string(68, '-');
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(memory), sizeof(memory)),
            want);
}

TEST(AssembleAnswer, MemoryNeedsNoMoreThanTheValues) {
  std::vector<std::byte> memory(64 + 68);
  EMB_EXPECT_OK(
      AssembleParts(SmallAnswer(), Asking(4), absl::MakeSpan(memory)));
  memory.resize(memory.size() - 1);
  EXPECT_THAT(AssembleParts(SmallAnswer(), Asking(4), absl::MakeSpan(memory)),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("buffer: 131 bytes, want 132 ")));
  // No values need no memory.
  EMB_EXPECT_OK(AssembleParts({Response({Result({0, 4}, 0)})}, Asking(1),
                              absl::Span<std::byte>()));
}

TEST(AssembleAnswer, LeavesMemoryAsItWasWhenItFails) {
  std::vector<std::byte> memory(131, std::byte{'-'});
  const std::vector<std::byte> before = memory;
  const auto span = absl::MakeSpan(memory);
  EXPECT_THAT(AssembleParts(SmallAnswer(), Asking(4), span),
              StatusIs(StatusCode::kInvalidArgument));
  // The second result contradicts itself.
  EXPECT_THAT(AssembleParts({Response({Result({1}, 4), Result({1}, 8)})},
                            Asking(2), span),
              StatusIs(StatusCode::kInternal));
  EXPECT_EQ(memory, before);
}

TEST(AssembleAnswer, EveryViewBeginsOnA64ByteBoundary) {
  pb::FeatureResult failed;
  failed.mutable_status()->set_code(static_cast<int>(StatusCode::kNotFound));
  const std::vector<pb::LookupResponse> responses = {
      Response({Result({1}, 4), Result({0, 4}, 0), Result({17}, 68), failed,
                Result({16}, 64), Result({1}, 4), Result({3, 0}, 0)}),
      // Nothing but empty ones.
      Response({Result({0, 4}, 0), failed}),
  };
  for (const pb::LookupResponse& response : responses) {
    const auto num_features = static_cast<size_t>(response.results_size());
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result,
                             Assemble(response, Asking(num_features)));
    for (size_t i = 0; i < num_features; ++i) {
      SCOPED_TRACE(i);
      const auto bytes = result.feature(i).bytes;
      EXPECT_NE(bytes.data(), nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, 0U);
      EXPECT_EQ(bytes.size(),
                response.results(static_cast<int>(i)).values().size());
    }
  }
}

TEST(LookupResult, ViewsOutliveAMove) {
  pb::FeatureResult ones = Result({2}, 0);
  ones.set_values(std::string("\0\0\x80\x3f\0\0\x80\x3f", 8));
  pb::LookupResponse response = Response({ones});
  response.set_epoch(3);
  LookupResult target;
  EXPECT_THAT(target.features(), IsEmpty());
  absl::Span<const float> view;
  {
    EMB_ASSERT_OK_AND_ASSIGN(LookupResult source,
                             Assemble(response, Asking(1)));
    // The answer on the wire is not needed any more.
    response.Clear();
    view = source.feature(0).values();
    target = std::move(source);
  }
  EXPECT_THAT(view, ElementsAre(1, 1));
  LookupResult last(std::move(target));
  EXPECT_EQ(last.epoch(), 3U);
  EXPECT_THAT(last.feature(0).values(), ElementsAre(1, 1));
  EXPECT_EQ(last.feature(0).values().data(), view.data());
}

}  // namespace
}  // namespace emb
