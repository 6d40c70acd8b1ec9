#include "emb/client.h"

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

// Answers nothing, but remembers the last call.
class FakeConnection final : public Connection {
 public:
  absl::StatusOr<LookupResult> Lookup(const LookupRequest& request,
                                      absl::Duration timeout) override {
    return Note("Lookup " + request.features.at(0).table, timeout);
  }
  absl::StatusOr<LookupResult> LookupInto(const LookupRequest& request,
                                          absl::Span<std::byte> buffer,
                                          absl::Duration timeout) override {
    return Note(absl::StrCat("LookupInto ", request.features.at(0).table, " ",
                             buffer.size()),
                timeout);
  }
  void LookupAsync(LookupRequest request, LookupDone done,
                   absl::Duration timeout) override {
    done(Note("LookupAsync " + request.features.at(0).table, timeout));
  }
  std::unique_ptr<LookupStream> OpenLookupStream(
      absl::Duration timeout) override {
    Note("OpenLookupStream", timeout).IgnoreError();
    return nullptr;
  }

  absl::StatusOr<TableInfo> CreateTable(const TableOptions& options,
                                        absl::Duration timeout) override {
    return Note("CreateTable " + options.name, timeout);
  }
  absl::StatusOr<TableInfo> GetTable(const std::string& name,
                                     absl::Duration timeout) override {
    return Note("GetTable " + name, timeout);
  }
  absl::StatusOr<std::vector<TableInfo>> ListTables(
      absl::Duration timeout) override {
    return Note("ListTables", timeout);
  }
  absl::Status DropTable(const std::string& name,
                         absl::Duration timeout) override {
    return Note("DropTable " + name, timeout);
  }
  absl::StatusOr<TableInfo> ExportTable(const std::string& name,
                                        const ExportOptions& export_options,
                                        const ExportSink& /*sink*/) override {
    return Note("ExportTable " + name, export_options.stall_timeout);
  }
  absl::StatusOr<TableInfo> ImportTable(const TableOptions& options,
                                        const ImportOptions& import_options,
                                        const RowSource& rows) override {
    std::vector<std::byte> buffer(8);
    const auto count = rows(absl::MakeSpan(buffer));
    if (!count.ok()) return count.status();
    return Note("ImportTable " + options.name, import_options.stall_timeout);
  }
  absl::StatusOr<std::vector<TableInfo>> ListVersions(
      const std::string& name, absl::Duration timeout) override {
    return Note("ListVersions " + name, timeout);
  }
  absl::StatusOr<std::vector<TableInfo>> PublishVersions(
      const std::vector<TableVersion>& versions,
      absl::Duration timeout) override {
    return Note("PublishVersions " + versions.at(0).name, timeout);
  }
  absl::StatusOr<TableInfo> RollbackTable(const std::string& name,
                                          absl::Duration timeout) override {
    return Note("RollbackTable " + name, timeout);
  }
  absl::StatusOr<TableInfo> PinVersion(const TableVersion& version, bool pinned,
                                       absl::Duration timeout) override {
    return Note((pinned ? "pin " : "unpin ") + version.name, timeout);
  }
  absl::StatusOr<UpsertOutcome> UpsertRows(
      const std::vector<RowValues>& updates, const std::string& request_id,
      absl::Duration timeout) override {
    return Note(
        absl::StrCat("UpsertRows ", updates.at(0).table, " ", request_id),
        timeout);
  }
  absl::StatusOr<BackupInfo> Backup(const std::string& name,
                                    const BackupOptions& options,
                                    absl::Duration timeout) override {
    return Note(absl::StrCat("Backup ", name, " ", options.keep), timeout);
  }
  absl::StatusOr<std::vector<BackupInfo>> ListBackups(
      const std::string& name, absl::Duration timeout) override {
    return Note("ListBackups " + name, timeout);
  }
  absl::StatusOr<RestoredTables> Restore(const std::string& name, int64_t id,
                                         absl::Duration timeout) override {
    return Note(absl::StrCat("Restore ", name, " ", id), timeout);
  }
  absl::StatusOr<VerifyResult> Verify(int64_t bytes_per_second,
                                      absl::Duration timeout) override {
    return Note(absl::StrCat("Verify ", bytes_per_second), timeout);
  }
  absl::StatusOr<ServerStatus> GetStatus(absl::Duration timeout) override {
    return Note("GetStatus", timeout);
  }
  absl::Status CheckHealth(const std::string& service,
                           absl::Duration timeout) override {
    return Note("CheckHealth " + service, timeout);
  }

  const std::string& last_call() const { return last_call_; }
  absl::Duration last_timeout() const { return last_timeout_; }

 private:
  absl::Status Note(std::string call, absl::Duration timeout) {
    last_call_ = std::move(call);
    last_timeout_ = timeout;
    return absl::DataLossError("as the connection says");
  }

  std::string last_call_;
  absl::Duration last_timeout_;
};

TableOptions Named(const std::string& name) {
  TableOptions options;
  options.name = name;
  return options;
}

LookupRequest Ask(const std::string& table) {
  LookupRequest request;
  request.features.emplace_back().table = table;
  return request;
}

class ClientTest : public testing::Test {
 protected:
  // One call of each kind, by the name that FakeConnection notes.
  struct Call {
    std::string name;
    bool admin;  // Which of the two timeouts it has.
    std::function<absl::Status(const Client&, const CallOptions&)> run;
  };
  static std::vector<Call> Calls() {
    return {
        {"Lookup item", false,
         [](const Client& client, const CallOptions& call) {
           return client.Lookup(Ask("item"), call).status();
         }},
        {"LookupInto item 8", false,
         [](const Client& client, const CallOptions& call) {
           std::byte buffer[8];
           return client.LookupInto(Ask("item"), buffer, call).status();
         }},
        {"LookupAsync item", false,
         [](const Client& client, const CallOptions& call) {
           absl::Status status;
           client.LookupAsync(
               Ask("item"),
               [&status](const absl::StatusOr<LookupResult>& result) {
                 status = result.status();
               },
               call);
           return status;
         }},
        {"CreateTable item", true,
         [](const Client& client, const CallOptions& call) {
           return client.CreateTable(Named("item"), call).status();
         }},
        {"GetTable item", true,
         [](const Client& client, const CallOptions& call) {
           return client.GetTable("item", call).status();
         }},
        {"ListTables", true,
         [](const Client& client, const CallOptions& call) {
           return client.ListTables(call).status();
         }},
        {"DropTable item", true,
         [](const Client& client, const CallOptions& call) {
           return client.DropTable("item", call);
         }},
        {"UpsertRows item again", true,
         [](const Client& client, const CallOptions& call) {
           RowValues rows;
           rows.table = "item";
           return client.UpsertRows({rows}, "again", call).status();
         }},
        {"Backup nightly 7", true,
         [](const Client& client, const CallOptions& call) {
           return client.Backup("nightly", {7, 0}, call).status();
         }},
        {"ListBackups nightly", true,
         [](const Client& client, const CallOptions& call) {
           return client.ListBackups("nightly", call).status();
         }},
        {"Restore nightly 3", true,
         [](const Client& client, const CallOptions& call) {
           return client.Restore("nightly", 3, call).status();
         }},
        {"Verify 9", true,
         [](const Client& client, const CallOptions& call) {
           return client.Verify(9, call).status();
         }},
        {"GetStatus", true,
         [](const Client& client, const CallOptions& call) {
           return client.GetStatus(call).status();
         }},
        {"CheckHealth service", false,
         [](const Client& client, const CallOptions& call) {
           return client.CheckHealth("service", call);
         }},
    };
  }

  std::shared_ptr<FakeConnection> connection_ =
      std::make_shared<FakeConnection>();
};

TEST_F(ClientTest, ACallHasTheDefaultTimeout) {
  const Client client(connection_, {});
  for (const Call& call : Calls()) {
    EXPECT_THAT(call.run(client, {}),
                StatusIs(StatusCode::kDataLoss, "as the connection says"));
    EXPECT_EQ(connection_->last_call(), call.name);
    EXPECT_EQ(connection_->last_timeout(),
              call.admin ? absl::Minutes(10) : absl::Seconds(1))
        << call.name;
  }
}

TEST_F(ClientTest, TheClientsTimeoutsWinOverTheDefault) {
  ClientOptions options;
  options.lookup_timeout = absl::Milliseconds(3);
  options.admin_timeout = absl::Milliseconds(4);
  const Client client(connection_, options);
  for (const Call& call : Calls()) {
    call.run(client, {}).IgnoreError();
    EXPECT_EQ(connection_->last_timeout(),
              absl::Milliseconds(call.admin ? 4 : 3))
        << call.name;
  }
}

TEST_F(ClientTest, TheCallsTimeoutWinsOverTheClients) {
  ClientOptions options;
  options.lookup_timeout = absl::Milliseconds(3);
  options.admin_timeout = absl::Milliseconds(4);
  const Client client(connection_, options);
  for (const absl::Duration timeout :
       {absl::Seconds(30), absl::ZeroDuration(), absl::InfiniteDuration()}) {
    CallOptions call_options;
    call_options.timeout = timeout;
    for (const Call& call : Calls()) {
      call.run(client, call_options).IgnoreError();
      EXPECT_EQ(connection_->last_timeout(), timeout) << call.name;
    }
  }
}

TEST_F(ClientTest, AnImportHandsOverSourceAndOptions) {
  const Client client(connection_, {});
  ImportOptions import_options;
  import_options.stall_timeout = absl::Seconds(5);
  EXPECT_THAT(
      client.ImportTable(Named("item"), RowsFromValues({1, 2}), import_options),
      StatusIs(StatusCode::kDataLoss));
  EXPECT_EQ(connection_->last_call(), "ImportTable item");
  EXPECT_EQ(connection_->last_timeout(), absl::Seconds(5));
  EXPECT_THAT(
      client.ImportTable(Named("item"),
                         RowsThatFailAfter(0, absl::AbortedError("source"))),
      StatusIs(StatusCode::kAborted, "source"));
}

TEST_F(ClientTest, CopiesShareTheirConnection) {
  std::optional<Client> first(Client(connection_, {}));
  const Client second = *first;
  first.reset();
  second.GetStatus().status().IgnoreError();
  EXPECT_EQ(connection_->last_call(), "GetStatus");
}

// Sets or clears a variable of the environment until it goes.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    const char* const before = std::getenv(name);
    if (before != nullptr) before_ = before;
    Set(value);
  }
  ~ScopedVariable() { Set(before_ ? before_->c_str() : nullptr); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void Set(const char* value) const {
    if (value == nullptr) {
      unsetenv(name_);
    } else {
      setenv(name_, value, /*overwrite=*/1);
    }
  }

  const char* const name_;
  std::optional<std::string> before_;
};

// Where nobody can listen.
constexpr char kNobody[] = "unix:/nonexistent/nobody";
constexpr char kNobodyElse[] = "unix:/nonexistent/nobody-else";

absl::StatusOr<Client> Connect(const std::string& server,
                               const std::string& admin) {
  ClientOptions options;
  options.server = server;
  options.admin = admin;
  options.lookup_timeout = absl::Seconds(30);
  return Client::Connect(options);
}

TEST(ClientConnect, TakesAddressesFromTheEnvironment) {
  const ScopedVariable server("EMB_SERVER", kNobody);
  const ScopedVariable admin("EMB_ADMIN", kNobodyElse);
  EMB_ASSERT_OK_AND_ASSIGN(const Client client, Connect("", ""));
  const std::string reach_server = std::string(kNobody) + ": ";
  const std::string reach_admin = std::string(kNobodyElse) + ": ";
  EXPECT_THAT(client.Lookup(Ask("item")),
              StatusIs(StatusCode::kUnavailable, HasSubstr(reach_server)));
  EXPECT_THAT(client.CheckHealth(),
              StatusIs(StatusCode::kUnavailable, HasSubstr(reach_server)));
  EXPECT_THAT(client.GetStatus(),
              StatusIs(StatusCode::kUnavailable, HasSubstr(reach_admin)));
  EXPECT_THAT(client.DropTable("item"),
              StatusIs(StatusCode::kUnavailable, HasSubstr(reach_admin)));
  EXPECT_THAT(client.ImportTable(Named("item"), RowsFromValues({1})),
              StatusIs(StatusCode::kUnavailable, HasSubstr(reach_admin)));
}

TEST(ClientConnect, GivenAddressesWinOverTheEnvironment) {
  const ScopedVariable server("EMB_SERVER", "not an address");
  const ScopedVariable admin("EMB_ADMIN", "not an address");
  EMB_ASSERT_OK_AND_ASSIGN(const Client client, Connect(kNobody, kNobodyElse));
  EXPECT_THAT(client.CheckHealth(), StatusIs(StatusCode::kUnavailable,
                                             HasSubstr(std::string(kNobody))));
  EXPECT_THAT(Connect(kNobody, ""), StatusIs(StatusCode::kInvalidArgument,
                                             HasSubstr("\"not an address\"")));
  EXPECT_THAT(Connect("", kNobody), StatusIs(StatusCode::kInvalidArgument,
                                             HasSubstr("\"not an address\"")));
}

TEST(ClientConnect, HasADefaultWhereTheEnvironmentSaysNothing) {
  for (const char* const nothing : {static_cast<const char*>(nullptr), ""}) {
    const ScopedVariable server("EMB_SERVER", nothing);
    const ScopedVariable admin("EMB_ADMIN", nothing);
    EMB_EXPECT_OK(Connect("", ""));
  }
}

TEST(ClientConnect, TakesOneTo64Channels) {
  for (const int channels : {1, 2, kChannelsMax}) {
    ClientOptions options;
    options.server = options.admin = kNobody;
    options.channels = channels;
    EMB_EXPECT_OK(Client::Connect(options));
  }
  for (const int channels : {-1, 0, kChannelsMax + 1}) {
    ClientOptions options;
    options.server = options.admin = kNobody;
    options.channels = channels;
    EXPECT_THAT(
        Client::Connect(options),
        StatusIs(StatusCode::kInvalidArgument,
                 absl::StrCat("channels: ", channels, ", want 1 to 64")));
  }
}

TEST(ClientConnect, RefusesMalformedAddresses) {
  const ScopedVariable server("EMB_SERVER", nullptr);
  const ScopedVariable admin("EMB_ADMIN", nullptr);
  for (const std::string address :
       {"localhost", "50051", "local host:50051", " ", "localhost:50051 ",
        "::1 50051", ":50051", "localhost:", "localhost:0",
        // gRPC itself would take it for 34463.
        "localhost:99999"}) {
    SCOPED_TRACE(address);
    const auto complaint = StatusIs(
        StatusCode::kInvalidArgument,
        AllOf(HasSubstr("\"" + address + "\""), HasSubstr("HOST:PORT")));
    EXPECT_THAT(Connect(address, kNobody), complaint);
    EXPECT_THAT(Connect(kNobody, address), complaint);
  }
  for (const std::string address :
       {"localhost:50051", "[::1]:50051", "unix:socket", "dns:///host:1"}) {
    SCOPED_TRACE(address);
    EMB_EXPECT_OK(Connect(address, address));
  }
}

}  // namespace
}  // namespace emb
