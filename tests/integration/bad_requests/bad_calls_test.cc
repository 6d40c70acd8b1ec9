// Calls that there are not, where they were made, and messages that are none.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/bad_requests/bad_requests_fixture.h"

namespace emb {
namespace {

std::vector<std::string> MethodsOf(const std::string& service) {
  const google::protobuf::ServiceDescriptor* const found =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          service);
  std::vector<std::string> methods;
  for (int i = 0; found != nullptr && i < found->method_count(); ++i) {
    methods.push_back(
        absl::StrCat("/", service, "/", found->method(i)->name()));
  }
  return methods;
}

using BadCalls = BadRequests;

// The data plane cannot administer, nor the other way round.
TEST_F(BadCalls, ACallOfTheOtherListener) {
  const std::vector<std::string> admin = MethodsOf("embedding.v1.TableAdmin");
  const std::vector<std::string> lookups =
      MethodsOf("embedding.v1.EmbeddingService");
  ASSERT_GE(admin.size(), 17U);
  ASSERT_EQ(lookups.size(), 2U);
  for (const std::string& method : admin) {
    ExpectRefused(method, Send(false, method, ""), StatusCode::kUnimplemented,
                  "");
  }
  for (const std::string& method : lookups) {
    ExpectRefused(method, Send(true, method, ""), StatusCode::kUnimplemented,
                  "");
  }
}

TEST_F(BadCalls, ACallThatThereIsNot) {
  const std::string methods[] = {
      "/embedding.v1.EmbeddingService/Lookups",
      "/embedding.v1.EmbeddingService/lookup",
      "/embedding.v1.EmbeddingService/",
      "/embedding.v1.EmbeddingService",
      "/embedding.v1.EmbeddingService/Lookup/",
      "/embedding.v1.EmbeddingService/Lookup?x=1",
      "/embedding.v1.EmbeddingService/../TableAdmin/DropTable",
      "//embedding.v1.EmbeddingService/Lookup",
      "/EmbeddingService/Lookup",
      "/embedding.v2.EmbeddingService/Lookup",
      "/",
      "/a",
      "/%2e%2e/",
      absl::StrCat("/", std::string(4'000, 'x'), "/y")};
  for (const std::string& method : methods) {
    for (const bool to_admin : {false, true}) {
      ExpectRefused(method.substr(0, 99), Send(to_admin, method, ""),
                    StatusCode::kUnimplemented, "");
    }
  }
}

// gRPC reads these messages itself, and says no more than that.
TEST_F(BadCalls, AdministrationByBytesThatAreNoMessage) {
  const std::string garbage[] = {std::string(1, '\0'), "\x80",
                                 std::string(11, '\xff'), "\x0a\x7f",
                                 "\x0a\x02\xff\xfe"};
  for (const std::string& method : MethodsOf("embedding.v1.TableAdmin")) {
    // Streams, and those whose messages have no field 1 of that type, differ.
    if (method.find("/ImportTable") != std::string::npos) continue;
    for (const std::string& bytes : garbage) {
      const grpc::Status status = Send(true, method, bytes);
      const bool no_text = bytes == "\x0a\x02\xff\xfe" &&
                           (method.find("Status") != std::string::npos ||
                            method.find("Verify") != std::string::npos ||
                            method.find("ListTables") != std::string::npos);
      if (no_text) continue;  // An unknown field, as it may be.
      ExpectRefused(absl::StrCat(method, " ", bytes), status,
                    StatusCode::kUnimplemented, "");
    }
  }
}

}  // namespace
}  // namespace emb
