// The wire contract may grow, but nothing in it may change or vanish.
//
// tests/golden/proto/embedding_v1.txt lists every field, enum value and
// method ever released. After an addition, append the lines that the test
// prints; never change one.
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "embedding/v1/admin.pb.h"
#include "embedding/v1/lookup.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "gtest/gtest.h"

namespace emb {
namespace {

namespace gp = google::protobuf;
using Lines = std::set<std::string>;

std::string TypeOf(const gp::FieldDescriptor& field) {
  std::string type = field.type_name();
  if (field.message_type() != nullptr) type = field.message_type()->full_name();
  if (field.enum_type() != nullptr) type = field.enum_type()->full_name();
  if (field.is_packed()) type = absl::StrCat("packed ", type);
  if (field.is_repeated()) type = absl::StrCat("repeated ", type);
  if (field.has_optional_keyword()) type = absl::StrCat("optional ", type);
  if (const auto* oneof = field.real_containing_oneof()) {
    type = absl::StrCat("oneof ", oneof->name(), " ", type);
  }
  return type;
}

void ListEnum(const gp::EnumDescriptor& descriptor, Lines& lines) {
  for (int i = 0; i < descriptor.value_count(); ++i) {
    lines.insert(absl::StrCat("enum ", descriptor.full_name(), ".",
                              descriptor.value(i)->name(), " = ",
                              descriptor.value(i)->number()));
  }
}

void ListMessage(const gp::Descriptor& message, Lines& lines) {
  lines.insert(absl::StrCat("message ", message.full_name()));
  for (int i = 0; i < message.field_count(); ++i) {
    const gp::FieldDescriptor& field = *message.field(i);
    lines.insert(absl::StrCat("field ", field.full_name(), " = ",
                              field.number(), " ", TypeOf(field)));
  }
  for (int i = 0; i < message.enum_type_count(); ++i) {
    ListEnum(*message.enum_type(i), lines);
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    if (!message.nested_type(i)->options().map_entry()) {
      ListMessage(*message.nested_type(i), lines);
    }
  }
}

void ListService(const gp::ServiceDescriptor& service, Lines& lines) {
  for (int i = 0; i < service.method_count(); ++i) {
    const gp::MethodDescriptor& method = *service.method(i);
    lines.insert(absl::StrCat("rpc ", method.full_name(), "(",
                              method.client_streaming() ? "stream " : "",
                              method.input_type()->full_name(), ") returns (",
                              method.server_streaming() ? "stream " : "",
                              method.output_type()->full_name(), ")"));
  }
}

std::vector<const gp::FileDescriptor*> Files() {
  return {embedding::v1::LookupRequest::descriptor()->file(),
          embedding::v1::CreateTableRequest::descriptor()->file(),
          embedding::v1::DType_descriptor()->file(),
          google::rpc::Status::descriptor()->file(),
          google::rpc::BadRequest::descriptor()->file(),
          grpc::health::v1::HealthCheckRequest::descriptor()->file()};
}

Lines Contract() {
  Lines lines;
  for (const gp::FileDescriptor* file : Files()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      ListMessage(*file->message_type(i), lines);
    }
    for (int i = 0; i < file->enum_type_count(); ++i) {
      ListEnum(*file->enum_type(i), lines);
    }
    for (int i = 0; i < file->service_count(); ++i) {
      ListService(*file->service(i), lines);
    }
  }
  return lines;
}

TEST(WireContract, KeepsEverythingEverReleased) {
  std::ifstream golden(EMB_GOLDEN_FILE);
  ASSERT_TRUE(golden.is_open()) << EMB_GOLDEN_FILE;
  Lines contract = Contract();
  std::string line;
  int count = 0;
  while (std::getline(golden, line)) {
    EXPECT_EQ(contract.erase(line), 1U) << "changed or removed: " << line;
    ++count;
  }
  EXPECT_GT(count, 0);
  for (const std::string& added : contract) {
    ADD_FAILURE() << "new, append it to the golden file: " << added;
  }
}

// buf's STANDARD rule: an enum's zero says that nothing was said.
TEST(WireContract, EnumsOfOursBeginUnspecified) {
  for (const std::string& line : Contract()) {
    if (!absl::StartsWith(line, "enum embedding.v1.")) continue;
    if (absl::EndsWith(line, " = 0")) {
      EXPECT_THAT(line, testing::HasSubstr("_UNSPECIFIED = 0"));
    }
  }
}

}  // namespace
}  // namespace emb
