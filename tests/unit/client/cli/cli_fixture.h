// embctl in the test's process, over a connection that remembers what it was
// asked.
#ifndef EMB_TESTS_UNIT_CLIENT_CLI_CLI_FIXTURE_H_
#define EMB_TESTS_UNIT_CLIENT_CLI_CLI_FIXTURE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/embctl.h"
#include "client/cli/exit_code.h"
#include "client/src/lookup_result_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/make_table.h"
#include "tests/unit/client/cli/flush_buffer.h"
#include "tests/unit/client/cli/npy_bytes.h"

namespace emb {

// Every call answers `status`, or succeeds.
//
// Threads  One thread.
class FakeConnection : public Connection {
 public:
  absl::StatusOr<LookupResult> Lookup(const LookupRequest& request,
                                      absl::Duration timeout) override {
    lookups.push_back(request);
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    LookupResultBuilder builder(12);
    FeatureResult result;
    result.shape = lookup_shape;
    result.lengths = lookup_lengths;
    result.missing = lookup_missing;
    result.version = 7;
    result.revision = 9;
    const std::string bytes = BytesOf(lookup_values);
    builder.Add(std::move(result), bytes.size());
    return builder.Build([&](size_t, absl::Span<std::byte> values) {
      std::memcpy(values.data(), bytes.data(), bytes.size());
    });
  }

  absl::StatusOr<LookupResult> LookupInto(const LookupRequest&,
                                          absl::Span<std::byte>,
                                          absl::Duration) override {
    return absl::UnimplementedError("embctl has no use for it");
  }

  void LookupAsync(LookupRequest request, LookupDone done,
                   absl::Duration timeout) override {
    done(Lookup(request, timeout));
  }

  std::unique_ptr<LookupStream> OpenLookupStream(absl::Duration) override {
    return nullptr;  // No test has a use for one.
  }

  absl::StatusOr<TableInfo> CreateTable(const TableOptions& options,
                                        absl::Duration timeout) override {
    created.push_back(options);
    timeouts.push_back(timeout);
    if (on_create) on_create();
    return AnswerTable(options);
  }

  absl::StatusOr<TableInfo> GetTable(const std::string& name,
                                     absl::Duration timeout) override {
    names.push_back(name);
    timeouts.push_back(timeout);
    if (!described.ok()) return described.status();
    if (described->has_value()) return **described;
    TableOptions options;
    options.name = name;
    return AnswerTable(options);
  }

  absl::StatusOr<std::vector<TableInfo>> ListTables(
      absl::Duration timeout) override {
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    return tables;
  }

  absl::Status DropTable(const std::string& name,
                         absl::Duration timeout) override {
    names.push_back(name);
    dropped.push_back(name);
    timeouts.push_back(timeout);
    return imports_before_status > 0 ? absl::OkStatus() : status;
  }

  // The rows of `exported`, a row at a time.
  absl::StatusOr<TableInfo> ExportTable(const std::string& name,
                                        const ExportOptions& export_options,
                                        const ExportSink& sink) override {
    TableInfo table;
    table.options.name = name;
    table.options.num_rows = 2;
    table.options.dim = static_cast<int64_t>(exported.size()) / 2;
    table.version = export_options.version == 0 ? 5 : export_options.version;
    absl::Status outcome = sink.begin(table);
    const auto bytes = AsBytes(exported);
    const size_t row = bytes.size() / 2;
    for (size_t at = 0; outcome.ok() && at < bytes.size(); at += row) {
      outcome = sink.rows(bytes.subspan(at, row));
    }
    outcome.Update(export_status);
    if (!outcome.ok()) return outcome;
    return table;
  }

  absl::StatusOr<TableInfo> ImportTable(const TableOptions& options,
                                        const ImportOptions& import_options,
                                        const RowSource& rows) override {
    created.push_back(options);
    timeouts.push_back(import_options.stall_timeout);
    keep_padding_row = import_options.keep_padding_row;
    no_padding_idx = import_options.no_padding_idx;
    no_max_norm = import_options.no_max_norm;
    std::string buffer(8, '\0');
    for (;;) {
      const auto count =
          rows({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
      if (!count.ok()) return count.status();
      if (*count == 0) {
        const bool fails = created.size() > imports_before_status;
        return fails ? AnswerTable(options) : Made(options);
      }
      imported.append(buffer, 0, *count);
      if (import_options.progress) {
        import_options.progress(static_cast<int64_t>(imported.size()));
      }
    }
  }

  absl::StatusOr<std::vector<TableInfo>> ListVersions(
      const std::string& name, absl::Duration timeout) override {
    names.push_back(name);
    return ListTables(timeout);
  }

  absl::StatusOr<std::vector<TableInfo>> PublishVersions(
      const std::vector<TableVersion>& versions,
      absl::Duration timeout) override {
    std::vector<TableInfo> tables_now;
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    for (const TableVersion& version : versions) {
      tables_now.push_back(Version(version.name, version.version));
      published.push_back(absl::StrCat(version.name, "@", version.version));
    }
    return tables_now;
  }

  absl::StatusOr<TableInfo> RollbackTable(const std::string& name,
                                          absl::Duration timeout) override {
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    return Version(name, 6);
  }

  absl::StatusOr<TableInfo> PinVersion(const TableVersion& version, bool pinned,
                                       absl::Duration timeout) override {
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    TableInfo info = Version(version.name, version.version);
    info.pinned = pinned;
    return info;
  }

  absl::StatusOr<UpsertOutcome> UpsertRows(
      const std::vector<RowValues>& updates, const std::string& request_id,
      absl::Duration timeout) override {
    upserts.push_back(updates.at(0));
    request_ids.push_back(request_id);
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    return upsert_outcome;
  }

  absl::StatusOr<BackupInfo> Backup(const std::string& name,
                                    const BackupOptions& options,
                                    absl::Duration timeout) override {
    names.push_back(name);
    backup_options = options;
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    return backups.back();
  }

  absl::StatusOr<std::vector<BackupInfo>> ListBackups(
      const std::string& name, absl::Duration timeout) override {
    names.push_back(name);
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    return backups;
  }

  absl::StatusOr<RestoredTables> Restore(const std::string& name, int64_t id,
                                         absl::Duration timeout) override {
    names.push_back(absl::StrCat(name, " ", id));
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    return RestoredTables{12, 2};
  }

  absl::StatusOr<VerifyResult> Verify(int64_t,
                                      absl::Duration timeout) override {
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    return verified;
  }

  absl::StatusOr<ServerStatus> GetStatus(absl::Duration timeout) override {
    timeouts.push_back(timeout);
    if (!status.ok()) return status;
    ServerStatus server_status;
    server_status.state = ServerStatus::State::kServing;
    server_status.version = "0.1.0";
    server_status.epoch = 12;
    return server_status;
  }

  absl::Status CheckHealth(const std::string& service,
                           absl::Duration timeout) override {
    names.push_back(service);
    timeouts.push_back(timeout);
    return status;
  }

  // The answers.
  absl::Status status;
  size_t imports_before_status = 0;  // So many succeed before `status` holds.
  std::vector<TableInfo> tables;
  std::function<void()> on_create;  // Before CreateTable answers.
  // Of GetTable; nullopt: one made of the name.
  absl::StatusOr<std::optional<TableInfo>> described = std::nullopt;
  std::vector<int64_t> lookup_shape = {2, 2};
  std::vector<int64_t> lookup_lengths;
  std::vector<uint8_t> lookup_missing;
  std::vector<float> lookup_values = {0.1F, -0.F, 1.F, 2.5F};

  // What was asked.
  BackupOptions backup_options;
  std::vector<BackupInfo> backups = {
      {1, absl::UnixEpoch(), 1 << 20, 5, 1, false},
      {2, absl::UnixEpoch(), 3 << 20, 9, 2, false}};
  VerifyResult verified;
  std::vector<RowValues> upserts;
  std::vector<std::string> request_ids;
  UpsertOutcome upsert_outcome = {12, {{7, 9}}};
  std::vector<LookupRequest> lookups;
  std::vector<TableOptions> created;
  std::vector<std::string> names;  // Of tables and services.
  std::vector<absl::Duration> timeouts;
  std::vector<std::string> published;  // "item@7"
  std::vector<std::string> dropped;
  std::string imported;
  std::vector<float> exported = {1, 2, 3, 4};
  absl::Status export_status;
  std::optional<bool> keep_padding_row;
  bool no_padding_idx = false;
  bool no_max_norm = false;

 private:
  absl::StatusOr<TableInfo> AnswerTable(const TableOptions& options) const {
    if (!status.ok()) return status;
    return Made(options);
  }

  static TableInfo Made(const TableOptions& options) {
    TableInfo table;
    table.options = options;
    table.options.dtype = ElementType::kFloat32;
    table.version = 1;
    table.revision = 1;
    table.digest = "0123456789abcdef0123456789abcdef";
    table.data_bytes =
        options.num_rows * options.dim * static_cast<int64_t>(sizeof(float));
    table.created_at = absl::UnixEpoch();
    table.initialized = true;
    table.current = true;
    table.in_memory = true;
    return table;
  }

  static TableInfo Version(const std::string& name, uint64_t version) {
    TableInfo table;
    table.options.name = name;
    table.version = version;
    table.current = true;
    table.in_memory = true;
    return table;
  }
};

// Runs command lines; out, err and connects are those of the last one.
class CliTest : public testing::Test {
 protected:
  // Runs `embctl args...` and returns its exit status.
  int Run(const std::vector<std::string>& args) {
    std::vector<const char*> argv = {"embctl"};
    for (const std::string& arg : args) argv.push_back(arg.c_str());
    std::ostringstream out_stream;
    FlushBuffer err_buffer;
    std::ostream err_stream(&err_buffer);
    server_->on_create = [&] {
      if (create_is_slow_) err_buffer.WaitForFlush();
    };
    connects_.clear();
    Session session = {
        .out = out_stream,
        .err = err_stream,
        .connect =
            [this](const ClientOptions& options) -> absl::StatusOr<Client> {
          connects_.push_back(options);
          if (!connect_status_.ok()) return connect_status_;
          return Client(server_, options);
        },
        .err_is_terminal = err_is_terminal_,
        .out_is_terminal = out_is_terminal_};
    if (create_is_slow_) session.patience = absl::ZeroDuration();
    const int exit_code =
        RunEmbctl(static_cast<int>(argv.size()), argv.data(), session);
    out_ = out_stream.str();
    err_ = err_buffer.str();
    return exit_code;
  }

  // Expects a command line that is refused before anything is done.
  void ExpectUsageError(const std::vector<std::string>& args,
                        const std::string& complaint) {
    SCOPED_TRACE(testing::PrintToString(args));
    EXPECT_EQ(Run(args), kExitUsage);
    EXPECT_EQ(out_, "");
    EXPECT_THAT(err_,
                testing::StartsWith("embctl: " + complaint + "\nUsage: "));
    EXPECT_THAT(err_, testing::HasSubstr(" --help\" for more.\n"));
    EXPECT_TRUE(connects_.empty());
  }

  // Expects an error that is found without a server.
  void ExpectInvalid(const std::vector<std::string>& args,
                     const std::string& complaint) {
    SCOPED_TRACE(testing::PrintToString(args));
    EXPECT_EQ(Run(args), kExitInvalid);
    EXPECT_EQ(out_, "");
    EXPECT_EQ(err_, "embctl: INVALID_ARGUMENT: " + complaint + "\n");
    EXPECT_TRUE(connects_.empty());
  }

  nlohmann::json OutJson() const {
    return nlohmann::json::parse(out_, nullptr, false);
  }

  const std::shared_ptr<FakeConnection> server_ =
      std::make_shared<FakeConnection>();
  absl::Status connect_status_;
  bool err_is_terminal_ = false;
  bool out_is_terminal_ = false;
  // CreateTable answers when something was shown.
  bool create_is_slow_ = false;

  std::string out_;
  std::string err_;
  std::vector<ClientOptions> connects_;
};

}  // namespace emb

#endif  // EMB_TESTS_UNIT_CLIENT_CLI_CLI_FIXTURE_H_
