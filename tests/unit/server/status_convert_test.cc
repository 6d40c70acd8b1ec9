#include "server/status_convert.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

TEST(ToGrpcStatus, KeepsEveryCode) {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    const grpc::Status converted = ToGrpcStatus(status);
    EXPECT_EQ(static_cast<int>(converted.error_code()), code);
    EXPECT_EQ(converted.error_message(), code == 0 ? "" : "why");
  }
}

TEST(ToGrpcStatus, CapsTheTextAtAWholeCharacter) {
  const std::string text = std::string(1'023, 'x') + "\xc3\xa9 and more";
  EXPECT_EQ(ToGrpcStatus(absl::InternalError(text)).error_message(),
            std::string(1'023, 'x'));
  EXPECT_EQ(ToGrpcStatus(absl::InternalError(std::string(1'024, 'y')))
                .error_message()
                .size(),
            1'024U);
}

TEST(FieldError, CarriesTheFieldAsADetail) {
  const absl::Status status = FieldError(
      absl::StatusCode::kOutOfRange, "features[2].ids[5]", " = 9, want [0, 4)");
  EXPECT_EQ(status.message(), "features[2].ids[5] = 9, want [0, 4)");
  const grpc::Status converted = ToGrpcStatus(status);
  google::rpc::Status proto;
  ASSERT_TRUE(proto.ParseFromString(converted.error_details()));
  EXPECT_EQ(proto.code(), 11);
  ASSERT_EQ(proto.details_size(), 1);
  google::rpc::BadRequest details;
  ASSERT_TRUE(proto.details(0).UnpackTo(&details));
  ASSERT_EQ(details.field_violations_size(), 1);
  EXPECT_EQ(details.field_violations(0).field(), "features[2].ids[5]");
}

}  // namespace
}  // namespace emb
