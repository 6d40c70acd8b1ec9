#include "client/src/status_from_grpc.h"

#include <optional>
#include <sstream>
#include <string>

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::Eq;
using testing::HasSubstr;
using testing::Not;

constexpr char kAddress[] = "example:50051";
constexpr char kBadRequestType[] = "type.googleapis.com/google.rpc.BadRequest";

google::rpc::BadRequest Details() {
  google::rpc::BadRequest details;
  auto* const violation = details.add_field_violations();
  violation->set_field("features[0].ids[1]");
  violation->set_description("-1, want [0, 4)");
  return details;
}

// What a server puts beside a status of `code`.
google::rpc::Status WithDetails(grpc::StatusCode code) {
  google::rpc::Status proto;
  proto.set_code(code);
  proto.set_message("message in the details");
  proto.add_details()->PackFrom(Details());
  return proto;
}

size_t NumPayloads(const absl::Status& status) {
  size_t count = 0;
  status.ForEachPayload([&](absl::string_view, const absl::Cord&) { ++count; });
  return count;
}

TEST(StatusFromGrpc, KeepsEveryCodeAndItsText) {
  for (int code = 1; code <= 16; ++code) {
    SCOPED_TRACE(code);
    const absl::Status status = StatusFromGrpc(
        {static_cast<grpc::StatusCode>(code), "as the server says"}, kAddress);
    EXPECT_EQ(status.code(), static_cast<StatusCode>(code));
    if (status.code() != StatusCode::kDeadlineExceeded) {
      EXPECT_EQ(status.message(), "as the server says");
    }
  }
  EMB_EXPECT_OK(StatusFromGrpc(grpc::Status::OK, kAddress));
}

TEST(StatusFromGrpc, AnOkStatusHasNeitherTextNorDetails) {
  const grpc::Status ok(grpc::StatusCode::OK, "text",
                        WithDetails(grpc::StatusCode::OK).SerializeAsString());
  EXPECT_EQ(StatusFromGrpc(ok, kAddress), absl::OkStatus());
}

TEST(StatusFromGrpc, DetailsBecomePayloadsByTypeUrl) {
  for (int code = 1; code <= 16; ++code) {
    SCOPED_TRACE(code);
    const auto grpc_code = static_cast<grpc::StatusCode>(code);
    const absl::Status status = StatusFromGrpc(
        {grpc_code, "text", WithDetails(grpc_code).SerializeAsString()},
        kAddress);
    EXPECT_THAT(status, StatusIs(static_cast<StatusCode>(code),
                                 Eq("message in the details")));
    EXPECT_EQ(NumPayloads(status), 1U);
    const auto payload = status.GetPayload(kBadRequestType);
    ASSERT_TRUE(payload.has_value());
    google::rpc::BadRequest details;
    ASSERT_TRUE(details.ParseFromString(std::string(*payload)));
    EXPECT_EQ(details.SerializeAsString(), Details().SerializeAsString());
  }
}

// As examples and logs print it.
TEST(StatusFromGrpc, PrintsAsText) {
  const auto print = [](const google::rpc::Status& proto) {
    std::ostringstream text;
    text << StatusFromProto(proto);
    return text.str();
  };
  EXPECT_EQ(print(WithDetails(grpc::StatusCode::OUT_OF_RANGE)),
            "OUT_OF_RANGE: message in the details "
            "[type.googleapis.com/google.rpc.BadRequest='features[0].ids[1]']");
  google::rpc::Status broken;
  broken.set_code(grpc::StatusCode::INTERNAL);
  broken.add_details()->set_type_url(kBadRequestType);
  broken.mutable_details(0)->set_value("\xff");
  EXPECT_THAT(print(broken), HasSubstr("BadRequest='\\xff'"));
}

// Whoever wrote such details, they are not about this status.
TEST(StatusFromGrpc, IgnoresDetailsOfNoUse) {
  const struct {
    std::string name;
    std::string details;
  } cases[] = {
      {"none", ""},
      {"another code",
       WithDetails(grpc::StatusCode::NOT_FOUND).SerializeAsString()},
      {"the code OK", WithDetails(grpc::StatusCode::OK).SerializeAsString()},
      {"not a message", "\xff\xff\xff"},
      {"cut short", WithDetails(grpc::StatusCode::OUT_OF_RANGE)
                        .SerializeAsString()
                        .substr(0, 30)},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const absl::Status status = StatusFromGrpc(
        {grpc::StatusCode::OUT_OF_RANGE, "text", c.details}, kAddress);
    EXPECT_EQ(status, absl::OutOfRangeError("text"));
  }
}

TEST(StatusFromGrpc, SaysWhichServerCannotBeReached) {
  for (const std::string text :
       {"failed to connect to all addresses; last error: refused",
        "connections to all backends failing; last error: refused"}) {
    SCOPED_TRACE(text);
    EXPECT_THAT(
        StatusFromGrpc({grpc::StatusCode::UNAVAILABLE, text}, kAddress),
        StatusIs(StatusCode::kUnavailable,
                 AllOf(HasSubstr("cannot reach example:50051"), HasSubstr(text),
                       HasSubstr("is the server running?"))));
  }
}

TEST(StatusFromGrpc, AServerThatSaysUnavailableWasReached) {
  EXPECT_EQ(StatusFromGrpc({grpc::StatusCode::UNAVAILABLE, "loading tables"},
                           kAddress),
            absl::UnavailableError("loading tables"));
  // Only gRPC itself is without details.
  EXPECT_THAT(
      StatusFromGrpc(
          {grpc::StatusCode::UNAVAILABLE, "connect",
           WithDetails(grpc::StatusCode::UNAVAILABLE).SerializeAsString()},
          kAddress),
      StatusIs(StatusCode::kUnavailable, Not(HasSubstr("cannot reach"))));
  // Another code with these words is no question of reach.
  EXPECT_EQ(
      StatusFromGrpc({grpc::StatusCode::INTERNAL, "cannot connect"}, kAddress),
      absl::InternalError("cannot connect"));
}

TEST(StatusFromGrpc, SaysWhichLimitAMessageIsOver) {
  EXPECT_THAT(
      StatusFromGrpc({grpc::StatusCode::RESOURCE_EXHAUSTED,
                      "Received message larger than max (9 vs. 8)"},
                     kAddress),
      StatusIs(StatusCode::kResourceExhausted,
               AllOf(HasSubstr("(9 vs. 8)"), HasSubstr("--request_bytes_max"),
                     HasSubstr("64 MiB that this client takes"))));
}

TEST(StatusFromGrpc, SaysWhichServerDidNotAnswerInTime) {
  EXPECT_THAT(
      StatusFromGrpc({grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"},
                     kAddress),
      StatusIs(StatusCode::kDeadlineExceeded,
               Eq("no answer from example:50051 in time")));
}

// The two ports are easily mixed up, and gRPC says nothing then.
TEST(StatusFromGrpc, SaysWhereACallOfTheOtherListenerBelongs) {
  EXPECT_THAT(
      StatusFromGrpc({grpc::StatusCode::UNIMPLEMENTED, ""}, kAddress),
      StatusIs(StatusCode::kUnimplemented,
               AllOf(HasSubstr("example:50051 does not serve this call"),
                     HasSubstr("--listen (127.0.0.1:50051; embctl --server"),
                     HasSubstr("--admin_listen (127.0.0.1:50052; embctl "
                               "--admin"))));
  // A server that speaks knows better.
  EXPECT_EQ(
      StatusFromGrpc({grpc::StatusCode::UNIMPLEMENTED, "dtype"}, kAddress),
      absl::UnimplementedError("dtype"));
}

TEST(StatusFromProto, KeepsSeveralDetailsApart) {
  google::rpc::Status proto = WithDetails(grpc::StatusCode::ABORTED);
  auto* const other = proto.add_details();
  other->set_type_url("type.example/other");
  other->set_value(std::string("\0x", 2));
  const absl::Status status = StatusFromProto(proto);
  EXPECT_EQ(NumPayloads(status), 2U);
  EXPECT_EQ(status.GetPayload("type.example/other"),
            absl::Cord(std::string("\0x", 2)));
}

TEST(StatusFromProto, ACodeThatDoesNotExistIsUnknown) {
  for (const int code : {-1, 17, 1'000'000}) {
    SCOPED_TRACE(code);
    google::rpc::Status proto;
    proto.set_code(code);
    proto.set_message("text");
    EXPECT_THAT(StatusFromProto(proto),
                StatusIs(StatusCode::kUnknown, Eq("text")));
  }
}

}  // namespace
}  // namespace emb
