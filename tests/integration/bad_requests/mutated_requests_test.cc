// Requests as nobody would write them: good ones, changed at random. Each is
// answered by a code that the contract has, whatever it became.
//
//   EMB_TEST_SEED   repeats a run
//   EMB_REQUESTS    how many requests; 12,000
#include <algorithm>
#include <cstdint>
#include <functional>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/from_environment.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/random_lookup.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/unary_bytes.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Code = grpc::StatusCode;

// Changes a message's bytes in a place, or in some. Mostly only values, since
// most other changes are soon found out.
class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_() % bound; }
  uint64_t Next() { return random_(); }

  std::string Changed(std::string bytes, const std::string& other) {
    const size_t changes = Below(3) == 0 ? 1 + Below(4) : 1;
    for (size_t i = 0; i < changes; ++i) Change(other, bytes);
    return bytes;
  }

 private:
  void Change(const std::string& other, std::string& bytes) {
    const size_t place = Below(bytes.size() + 1);
    const size_t left = bytes.size() - place;
    switch (Below(9)) {
      case 0:
      case 6:
      case 7:
      case 8:  // A bit.
        if (left > 0) bytes[place] ^= static_cast<char>(1 << Below(8));
        break;
      case 1:  // A byte that means something to a reader of varints.
        if (left > 0) bytes[place] = "\0\x01\x7f\x80\xff"[Below(5)];
        break;
      case 2:
        bytes.erase(place, Below(left + 1));
        break;
      case 3:
        bytes.insert(place, 1 + Below(8), static_cast<char>(random_()));
        break;
      case 4:  // Again, elsewhere.
        bytes.insert(Below(bytes.size() + 1),
                     bytes.substr(place, Below(left + 1)));
        break;
      default:  // A piece of another message.
        bytes.insert(place, other.substr(Below(other.size() + 1), 32));
    }
  }

  std::mt19937_64 random_;
};

class MutatedRequests : public testing::Test {
 protected:
  void SetUp() override {
    seed_ = FromEnvironment("EMB_TEST_SEED", std::random_device()());
    std::cout << "EMB_TEST_SEED=" << seed_ << "\n";
    ServerOptions options;
    options.memory_limit_bytes = 8 << 20;
    options.limits.tables_max = 20;
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start(options));
    const Server& server = server_->server();
    const auto plain = grpc::InsecureChannelCredentials();
    data_ = grpc::CreateChannel(server.data_address(), plain);
    admin_ = grpc::CreateChannel(server.admin_address(), plain);
    TableOptions item;
    item.name = "item";
    item.num_rows = 100;
    item.dim = 3;
    EMB_ASSERT_OK(server_->client().ImportTable(
        item, RowsFromValues(CountingValues(100, 3))));
  }

  // The table that no request names is as it was.
  void ExpectAnswers() {
    EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result,
                             server_->client().Lookup(Ask("item", {99, 0})));
    const auto values = result.feature(0).values();
    const float want[] = {297, 298, 299, 0, 1, 2};
    ASSERT_TRUE(std::equal(values.begin(), values.end(), want, want + 6));
  }

  void ExpectAllowed(const grpc::Status& status, const std::set<Code>& allowed,
                     const std::string& bytes) {
    ++codes_[status.error_code()];
    EXPECT_TRUE(allowed.contains(status.error_code()))
        << "code " << status.error_code() << ": " << status.error_message()
        << "\n"
        << absl::CHexEscape(bytes);
    EXPECT_LE(status.error_message().size(), 1'024U);
  }

  void PrintCodes() const {
    for (const auto& [code, count] : codes_) {
      std::cout << count << " answered with code " << code << "\n";
    }
  }

  uint64_t seed_ = 0;
  const uint64_t requests_ = FromEnvironment("EMB_REQUESTS", 12'000);
  std::unique_ptr<InProcessServer> server_;
  std::shared_ptr<grpc::Channel> data_;
  std::shared_ptr<grpc::Channel> admin_;
  std::map<Code, int> codes_;
};

TEST_F(MutatedRequests, LookupsAreAnsweredByAnAllowedCode) {
  Mutator mutator(seed_);
  RandomLookup lookups(static_cast<uint32_t>(seed_), 100);
  std::string before = lookups.Request().SerializeAsString();
  for (uint64_t i = 0; i < requests_ * 7 / 8; ++i) {
    const std::string good = lookups.Request().SerializeAsString();
    const std::string bytes = mutator.Changed(good, before);
    before = good;
    ExpectAllowed(
        CallWithBytes(data_, "/embedding.v1.EmbeddingService/Lookup", bytes),
        {Code::OK, Code::INVALID_ARGUMENT, Code::OUT_OF_RANGE, Code::NOT_FOUND},
        bytes);
    if (i % 100 == 0) ExpectAnswers();
  }
  ExpectAnswers();
  // The control: good and bad ones were among them.
  EXPECT_GT(codes_[Code::OK], 0);
  EXPECT_GT(codes_[Code::INVALID_ARGUMENT], 0);
  EXPECT_GT(codes_[Code::OUT_OF_RANGE], 0);
  PrintCodes();
}

// Messages that make, change and drop tables of their own.
class AdminMessages {
 public:
  explicit AdminMessages(Mutator& random) : random_(random) {}

  // A method and a good message for it.
  std::pair<std::string, std::string> Next() {
    switch (random_.Below(9)) {
      case 0:
      case 1:
        return {"CreateTable", Create()};
      case 2:
      case 3:
        return {"UpsertRows", Upsert()};
      case 4:
        return {"PublishVersions", Publish()};
      case 5:
        return {"PinVersion", Pin()};
      default:
        return {kByName[random_.Below(std::size(kByName))], Named()};
    }
  }

 private:
  // Each takes a message whose field 1 is a name, or none.
  static constexpr const char* kByName[] = {
      "GetTable",  "ListVersions", "RollbackTable", "DropTable",
      "Verify",    "ListBackups",  "Backup",        "Restore",
      "GetImport", "ListTables",   "GetStatus"};

  std::string Name() { return absl::StrCat("table", random_.Below(4)); }

  std::string Create() {
    pb::CreateTableRequest request;
    pb::TableSpec& spec = *request.mutable_spec();
    spec.set_name(Name());
    spec.set_num_rows(static_cast<int64_t>(1 + random_.Below(50)));
    spec.set_dim(static_cast<int64_t>(2 * (1 + random_.Below(4))));
    spec.set_dtype(static_cast<pb::DType>(random_.Below(6)));
    if (random_.Below(2) == 0) spec.set_padding_idx(-1);
    if (random_.Below(2) == 0) spec.set_max_norm(1.5);
    spec.mutable_initializer()->set_scheme("uniform");
    (*spec.mutable_initializer()->mutable_args())["a"].set_number(-0.5);
    spec.set_seed(random_.Next());
    return request.SerializeAsString();
  }

  std::string Upsert() {
    pb::UpsertRowsRequest request;
    pb::RowUpdate& update = *request.add_updates();
    update.set_table(Name());
    update.add_ids(0);
    update.set_values(std::string(8 * (1 + random_.Below(4)), '\0'));
    if (random_.Below(3) == 0) update.set_expected_revision(random_.Below(3));
    if (random_.Below(2) == 0) {
      request.set_request_id(absl::StrCat(random_.Below(9)));
    }
    return request.SerializeAsString();
  }

  std::string Publish() {
    pb::PublishVersionsRequest request;
    pb::TableVersion& version = *request.add_versions();
    version.set_name(Name());
    version.set_version(random_.Below(3));
    return request.SerializeAsString();
  }

  std::string Pin() {
    pb::PinVersionRequest request;
    request.mutable_version()->set_name(Name());
    request.mutable_version()->set_version(random_.Below(3));
    request.set_pinned(random_.Below(2) == 0);
    return request.SerializeAsString();
  }

  std::string Named() {
    pb::GetTableRequest request;
    request.set_name(Name());
    return request.SerializeAsString();
  }

  Mutator& random_;
};

TEST_F(MutatedRequests, AdministrationIsAnsweredByAnAllowedCode) {
  Mutator mutator(seed_);
  AdminMessages messages(mutator);
  std::string before = messages.Next().second;
  for (uint64_t i = 0; i < requests_ / 8; ++i) {
    const auto [method, good] = messages.Next();
    const bool changed = mutator.Below(4) != 0;
    const std::string bytes = changed ? mutator.Changed(good, before) : good;
    before = good;
    SCOPED_TRACE(method);
    // UNIMPLEMENTED is how gRPC answers bytes that are no message.
    ExpectAllowed(
        CallWithBytes(admin_, absl::StrCat("/embedding.v1.TableAdmin/", method),
                      bytes),
        {Code::OK, Code::INVALID_ARGUMENT, Code::OUT_OF_RANGE, Code::NOT_FOUND,
         Code::ALREADY_EXISTS, Code::FAILED_PRECONDITION, Code::ABORTED,
         Code::RESOURCE_EXHAUSTED, Code::UNIMPLEMENTED},
        bytes);
    if (i % 100 == 0) ExpectAnswers();
  }
  ExpectAnswers();
  EXPECT_GT(codes_[Code::OK], 0);
  EXPECT_GT(codes_[Code::INVALID_ARGUMENT], 0);
  PrintCodes();
}

}  // namespace
}  // namespace emb
