// Calls by name: of tables, versions and backups that there are not.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/health_check_service_interface.h"
#include "tests/integration/bad_requests/bad_requests_fixture.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Stub = pb::TableAdmin::Stub;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotFound = absl::StatusCode::kNotFound;

class BadAdministration : public BadRequests {
 protected:
  template <typename Request, typename Response>
  grpc::Status Ask(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                const Request&, Response*),
                   const std::function<void(Request&)>& change) {
    Request request;
    change(request);
    return Call(admin(), method, request);
  }

  grpc::Status Export(const std::string& name, uint64_t version = 0,
                      int64_t offset = 0, int64_t revision = -1) {
    pb::ExportTableRequest request;
    request.set_name(name);
    request.set_version(version);
    request.set_offset(offset);
    if (revision >= 0) {
      request.set_expected_revision(static_cast<uint64_t>(revision));
    }
    const auto context = Context();
    const auto call = admin().ExportTable(context.get(), request);
    pb::ExportTableResponse response;
    EXPECT_FALSE(call->Read(&response));
    return call->Finish();
  }

  grpc::Status Publish(
      const std::vector<std::pair<std::string, uint64_t>>& versions) {
    return Ask<pb::PublishVersionsRequest>(
        &Stub::PublishVersions, [&](auto& request) {
          for (const auto& [name, version] : versions) {
            request.add_versions()->set_name(name);
            request.mutable_versions()->rbegin()->set_version(version);
          }
        });
  }

  grpc::Status Pin(const std::string& name, uint64_t version, bool pinned) {
    return Ask<pb::PinVersionRequest>(&Stub::PinVersion, [&](auto& request) {
      request.mutable_version()->set_name(name);
      request.mutable_version()->set_version(version);
      request.set_pinned(pinned);
    });
  }
};

TEST_F(BadAdministration, TablesThatThereAreNot) {
  const auto named = [](const std::string& name) {
    return [=](auto& request) { request.set_name(name); };
  };
  const std::string long_name(129, 'x');
  for (const std::string& name :
       {std::string(), std::string("user"), std::string("Item"),
        std::string("item@1"), std::string("item "), std::string("../item"),
        std::string("it\0em", 5), std::string("\u00fc"), long_name}) {
    const std::string text = name == long_name ? "a name of 129 bytes"
                                               : "there is none of that name";
    const auto refused = [&](const std::string& what,
                             const grpc::Status& status) {
      ExpectRefused(absl::StrCat(what, " \"", name, "\""), status, kNotFound,
                    text);
    };
    refused("get", Ask<pb::GetTableRequest>(&Stub::GetTable, named(name)));
    refused("drop", Ask<pb::DropTableRequest>(&Stub::DropTable, named(name)));
    refused("versions",
            Ask<pb::ListVersionsRequest>(&Stub::ListVersions, named(name)));
    refused("roll back",
            Ask<pb::RollbackTableRequest>(&Stub::RollbackTable, named(name)));
    refused("publish", Publish({{name, 0}}));
    refused("publish with a good one", Publish({{"hidden", 1}, {name, 1}}));
    refused("pin", Pin(name, 1, true));
    refused("export", Export(name));
  }
}

TEST_F(BadAdministration, VersionsThatThereAreNot) {
  for (const uint64_t version :
       {uint64_t{3}, uint64_t{1} << 40, uint64_t{1} << 63, ~uint64_t{0}}) {
    const auto refused = [&](const std::string& what,
                             const grpc::Status& status) {
      ExpectRefused(absl::StrCat(what, " ", version), status, kNotFound,
                    "is not kept, want one of those that are listed");
    };
    refused("publish", Publish({{"kept", version}}));
    refused("publish with a good one",
            Publish({{"hidden", 1}, {"kept", version}}));
    refused("pin", Pin("kept", version, true));
    refused("unpin", Pin("kept", version, false));
    refused("export", Export("kept", version));
  }
  ExpectRefused("no version", Publish({}), kInvalid,
                "versions: there are none");
  ExpectRefused("twice", Publish({{"kept", 1}, {"kept", 2}}), kInvalid,
                "table \"kept\" is named twice");
  ExpectRefused("twice, among others",
                Publish({{"kept", 1}, {"item", 1}, {"kept", 1}}), kInvalid,
                "is named twice, want it once");
  for (const char* const name : {"item", "half", "hidden"}) {
    ExpectRefused(name,
                  Ask<pb::RollbackTableRequest>(
                      &Stub::RollbackTable,
                      [&](auto& request) { request.set_name(name); }),
                  StatusCode::kFailedPrecondition, "no version before");
  }
}

TEST_F(BadAdministration, ExportsFromNowhere) {
  for (const int64_t offset :
       {int64_t{1}, int64_t{7}, int64_t{-1}, int64_t{-8}, int64_t{40},
        kInt64Max, kInt64Max - 7, kInt64Min}) {
    ExpectRefused("offset", Export("item", 1, offset), kInvalid,
                  absl::StrCat("offset = ", offset,
                               ", want a multiple of 8 (a row) up to 32"));
  }
  for (const int64_t revision : {int64_t{1}, int64_t{2}, kInt64Max}) {
    ExpectRefused("revision", Export("item", 1, 0, revision),
                  StatusCode::kAborted,
                  absl::StrCat("at revision 0, want ", revision));
  }
}

TEST_F(BadAdministration, BackupNamesThatLeaveTheDirectory) {
  const std::string names[] = {"",
                               ".",
                               "..",
                               "a/b",
                               "/",
                               "/etc",
                               "../x",
                               "a/..",
                               "./a",
                               "a/",
                               std::string("a\0b", 3),
                               std::string(129, 'n')};
  for (const std::string& name : names) {
    const auto named = [&](auto& request) { request.set_name(name); };
    const auto refused = [&](const std::string& what,
                             const grpc::Status& status) {
      ExpectRefused(what, status, kInvalid, "want one path component");
    };
    refused("backup", Ask<pb::BackupRequest>(&Stub::Backup, named));
    refused("list", Ask<pb::ListBackupsRequest>(&Stub::ListBackups, named));
    refused("restore", Ask<pb::RestoreRequest>(&Stub::Restore, named));
  }
}

TEST_F(BadAdministration, BackupsThatThereAreNot) {
  for (const std::string name : {"nobody", "a b", "-rf", "*", "~"}) {
    ExpectRefused(
        name,
        Ask<pb::ListBackupsRequest>(
            &Stub::ListBackups, [&](auto& request) { request.set_name(name); }),
        kNotFound, "there is none");
    ExpectRefused(
        name,
        Ask<pb::RestoreRequest>(&Stub::Restore,
                                [&](auto& request) { request.set_name(name); }),
        StatusCode::kFailedPrecondition, "");
  }
  for (const int64_t number : {int64_t{-1}, kInt64Min}) {
    ExpectRefused("id",
                  Ask<pb::RestoreRequest>(&Stub::Restore,
                                          [&](auto& request) {
                                            request.set_name("x");
                                            request.set_id(number);
                                          }),
                  kInvalid, absl::StrCat("id: ", number, ", want 0"));
    ExpectRefused("keep",
                  Ask<pb::BackupRequest>(&Stub::Backup,
                                         [&](auto& request) {
                                           request.set_name("x");
                                           request.set_keep(number);
                                         }),
                  kInvalid, absl::StrCat("keep: ", number, ", want 0"));
    ExpectRefused("rate",
                  Ask<pb::BackupRequest>(&Stub::Backup,
                                         [&](auto& request) {
                                           request.set_name("x");
                                           request.set_bytes_per_second(number);
                                         }),
                  kInvalid, "bytes_per_second is negative");
    ExpectRefused("rate",
                  Ask<pb::VerifyRequest>(&Stub::Verify,
                                         [&](auto& request) {
                                           request.set_bytes_per_second(number);
                                         }),
                  kInvalid, "bytes_per_second is negative");
  }
}

TEST_F(BadAdministration, PagesOfASizeThatIsNone) {
  for (const int32_t size : {-1, 1'001, INT32_MAX, INT32_MIN}) {
    ExpectRefused("page_size",
                  Ask<pb::ListTablesRequest>(
                      &Stub::ListTables,
                      [&](auto& request) { request.set_page_size(size); }),
                  kInvalid,
                  absl::StrCat("page_size = ", size, ", want 0 to 1000"));
  }
}

TEST_F(BadAdministration, HealthOfServicesThatThereAreNot) {
  constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
  for (const std::string service :
       {"x", "EmbeddingService", "embedding.v1", "embedding.v1.Embedding"}) {
    for (const bool to_admin : {false, true}) {
      const std::string request = absl::StrCat(
          "\x0a", std::string(1, static_cast<char>(service.size())), service);
      ExpectRefused(service, Send(to_admin, kCheck, request), kNotFound, "");
    }
  }
}

}  // namespace
}  // namespace emb
