#include "tests/integration/bad_requests/bad_requests_fixture.h"

#include <chrono>
#include <cstring>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/unary_bytes.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

constexpr char kLookup[] = "/embedding.v1.EmbeddingService/Lookup";
constexpr int kBadRequestsMin = 500;
int num_sent = 0;

TableOptions OptionsOf(const std::string& name, int64_t num_rows,
                       ElementType dtype) {
  TableOptions options;
  options.name = name;
  options.num_rows = num_rows;
  options.dim = 2;
  options.dtype = dtype;
  return options;
}

pb::LookupRequest GoodRequest() {
  pb::LookupRequest request;
  for (const char* const name : {"item", "half", "byte", "nibble", "kept"}) {
    pb::Feature& feature = *request.add_features();
    feature.set_table(name);
    feature.add_ids(0);
  }
  for (const int64_t id : {3, 2, 1}) request.mutable_features(0)->add_ids(id);
  return request;
}

// What `item` is answered with: rows 0, 3 (padding), 2 and 1.
constexpr float kItemValues[] = {0, 1, 0, 0, 4, 5, 2, 3};

}  // namespace

// Ends the servers and says how many bad requests there were. All of them
// together must be as many as is promised; a filter may choose some.
class BadRequests::AtTheEnd : public testing::Environment {
 public:
  void TearDown() override {
    Worlds().clear();
    std::cout << num_sent << " bad requests, each refused as it should be\n";
    if (testing::GTEST_FLAG(filter) != "*") return;
    EXPECT_GE(num_sent, kBadRequestsMin);
  }
};

std::map<int64_t, BadRequests::World>& BadRequests::Worlds() {
  static auto* const worlds = [] {
    testing::AddGlobalTestEnvironment(new AtTheEnd);
    return new std::map<int64_t, World>;
  }();
  return *worlds;
}

void BadRequests::SetUp() {
  World& world = Worlds()[tables_max()];
  world_ = &world;
  if (world.server == nullptr) StartWorld(world);
}

void BadRequests::StartWorld(World& world) {
  ServerOptions options;
  options.backup_dir = world.backups.path();
  options.memory_limit_bytes = 256 << 20;
  options.limits.tables_max = tables_max();
  EMB_ASSERT_OK_AND_ASSIGN(world.server, InProcessServer::Start(options));
  const Server& server = world.server->server();
  world.lookup_channel = grpc::CreateChannel(
      server.data_address(), grpc::InsecureChannelCredentials());
  world.admin_channel = grpc::CreateChannel(server.admin_address(),
                                            grpc::InsecureChannelCredentials());
  world.lookups = pb::EmbeddingService::NewStub(world.lookup_channel);
  world.admin = pb::TableAdmin::NewStub(world.admin_channel);
  MakeTables();
  const grpc::Status status = Send(
      false, kLookup, GoodRequest().SerializeAsString(), &world.good_answer);
  ASSERT_TRUE(status.ok()) << status.error_message();
  pb::LookupResponse answer;
  ASSERT_TRUE(answer.ParseFromString(world.good_answer));
  const std::string& item = answer.results(0).values();
  ASSERT_EQ(item.size(), sizeof(kItemValues));
  ASSERT_EQ(std::memcmp(item.data(), kItemValues, sizeof(kItemValues)), 0);
  world.description = DescribeAll();
}

void BadRequests::TearDown() { EXPECT_EQ(DescribeAll(), world_->description); }

void BadRequests::MakeTables() {
  const Client client = world_->server->client();
  TableOptions item = OptionsOf("item", 4, ElementType::kFloat32);
  item.padding_idx = 3;
  EMB_ASSERT_OK(
      client.ImportTable(item, RowsFromValues({0, 1, 2, 3, 4, 5, 6, 7})));
  const std::pair<const char*, ElementType> narrow[] = {
      {"half", ElementType::kFloat16},
      {"byte", ElementType::kInt8Rowwise},
      {"nibble", ElementType::kInt4Rowwise}};
  for (const auto& [name, dtype] : narrow) {
    EMB_ASSERT_OK(client.ImportTable(OptionsOf(name, 4, dtype),
                                     RowsFromValues({0, 1, 2, 3, 4, 5, 6, 7})));
  }
  const TableOptions kept = OptionsOf("kept", 1, ElementType::kFloat32);
  EMB_ASSERT_OK(client.ImportTable(kept, RowsFromValues({1, 2})));
  EMB_ASSERT_OK(client.ImportTable(kept, RowsFromValues({3, 4})));
  ImportOptions no_publish;
  no_publish.publish = false;
  EMB_ASSERT_OK(
      client.ImportTable(OptionsOf("hidden", 1, ElementType::kFloat32),
                         RowsFromValues({5, 6}), no_publish));
}

// Every version of every table, with digests and revisions.
std::string BadRequests::DescribeAll() {
  std::string all;
  for (const char* const name :
       {"item", "half", "byte", "nibble", "kept", "hidden"}) {
    pb::ListVersionsRequest request;
    request.set_name(name);
    pb::ListVersionsResponse response;
    const auto context = Context();
    const grpc::Status status =
        admin().ListVersions(context.get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    absl::StrAppend(&all, response.DebugString());
  }
  pb::ListTablesResponse tables;
  const auto context = Context();
  EXPECT_TRUE(admin().ListTables(context.get(), {}, &tables).ok());
  return absl::StrCat(all, tables.tables_size(), " tables");
}

void BadRequests::ExpectRefused(const std::string& what,
                                const grpc::Status& status, StatusCode code,
                                const std::string& text) {
  ++num_sent;
  SCOPED_TRACE(what);
  EXPECT_EQ(static_cast<int>(status.error_code()), static_cast<int>(code))
      << status.error_message();
  EXPECT_TRUE(absl::StrContains(status.error_message(), text))
      << "\"" << status.error_message() << "\", want \"" << text << "\" in it";
  ExpectAnswersAsBefore();
}

void BadRequests::ExpectAnswersAsBefore() {
  std::string answer;
  const grpc::Status status =
      Send(false, kLookup, GoodRequest().SerializeAsString(), &answer);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(answer, world_->good_answer);
}

grpc::Status BadRequests::Send(bool to_admin, const std::string& method,
                               const std::string& bytes, std::string* answer) {
  return CallWithBytes(
      to_admin ? world_->admin_channel : world_->lookup_channel, method, bytes,
      answer);
}

std::unique_ptr<grpc::ClientContext> BadRequests::Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::seconds(60));
  return context;
}

}  // namespace emb
