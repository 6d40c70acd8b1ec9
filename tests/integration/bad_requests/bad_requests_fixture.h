// A server that is sent what it must refuse.
#ifndef EMB_TESTS_INTEGRATION_BAD_REQUESTS_BAD_REQUESTS_FIXTURE_H_
#define EMB_TESTS_INTEGRATION_BAD_REQUESTS_BAD_REQUESTS_FIXTURE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "embedding/v1/lookup.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/temp_dir.h"

namespace emb {

inline constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kInt64Min = std::numeric_limits<int64_t>::min();

// BadRequests holds a server with tables of every state, and checks after each
// bad request that a good one is answered with the same bytes as before, the
// epoch, which counts all changes, among them; and at its end that every
// version of every table has the digest that it had:
//
//   item      4 x 2, float32, padding_idx 3: rows (0, 1) (2, 3) (4, 5) (0, 0)
//   half      4 x 2, float16      byte  4 x 2, int8      nibble  4 x 2, int4
//   kept      1 x 2, version 1 on disk only, version 2 current
//   hidden    1 x 2, no version is published
class BadRequests : public testing::Test {
 protected:
  using StatusCode = absl::StatusCode;

  void SetUp() override;
  void TearDown() override;
  // As many tables as it has, unless a test wants more.
  virtual int64_t tables_max() const { return 6; }

  // Counts one bad request and checks what came of it: the code, a piece of
  // the text, and that it changed nothing.
  void ExpectRefused(const std::string& what, const grpc::Status& status,
                     StatusCode code, const std::string& text);
  // Only that it changed nothing.
  void ExpectAnswersAsBefore();

  // Sends the bytes as a message of a unary call, whatever they are.
  grpc::Status Send(bool to_admin, const std::string& method,
                    const std::string& bytes, std::string* answer = nullptr);
  static std::unique_ptr<grpc::ClientContext> Context();

  embedding::v1::EmbeddingService::Stub& lookups() { return *world_->lookups; }
  embedding::v1::TableAdmin::Stub& admin() { return *world_->admin; }

 private:
  // A server, and what it answered before it was sent anything bad. Tests of
  // one process share it: starting one takes longer than they do.
  struct World {
    TempDir backups;
    std::unique_ptr<InProcessServer> server;
    std::shared_ptr<grpc::Channel> lookup_channel;
    std::shared_ptr<grpc::Channel> admin_channel;
    std::unique_ptr<embedding::v1::EmbeddingService::Stub> lookups;
    std::unique_ptr<embedding::v1::TableAdmin::Stub> admin;
    std::string good_answer;
    std::string description;
  };
  class AtTheEnd;

  void StartWorld(World& world);
  void MakeTables();
  std::string DescribeAll();

  static std::map<int64_t, World>& Worlds();  // By tables_max.

  World* world_ = nullptr;
};

// Sends a unary call of the generated stub with a deadline.
template <typename Stub, typename Request, typename Response>
grpc::Status Call(Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*,
                                               const Request&, Response*),
                  const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(60));
  Response response;
  return (stub.*method)(&context, request, &response);
}

}  // namespace emb

#endif  // EMB_TESTS_INTEGRATION_BAD_REQUESTS_BAD_REQUESTS_FIXTURE_H_
