// A server whose answers a test decides: the generated services on a free
// port.
#ifndef EMB_TESTS_UNIT_CLIENT_FAKE_SERVER_H_
#define EMB_TESTS_UNIT_CLIENT_FAKE_SERVER_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "embedding/v1/lookup.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"

namespace emb {

constexpr char kBadRequestType[] = "type.googleapis.com/google.rpc.BadRequest";

// An error as a server sends it when it knows the field.
inline grpc::Status WithDetails(grpc::StatusCode code,
                                const std::string& message) {
  google::rpc::Status proto;
  proto.set_code(code);
  proto.set_message(message);
  google::rpc::BadRequest details;
  details.add_field_violations()->set_field("features[0].ids[0]");
  proto.add_details()->PackFrom(details);
  return {code, message, proto.SerializeAsString()};
}

// What the fake does with an import.
struct ImportPlan {
  // How many parts to read, the header not counted.
  size_t num_parts = std::numeric_limits<size_t>::max();
  // Then, or when the caller has sent all: answer with `status`, or neither
  // read nor answer any more.
  bool silent = false;
  grpc::Status status;
};

// What the fake saw of an import.
struct ImportSeen {
  absl::Notification first_part;
  // All below are complete when this one is notified.
  absl::Notification over;
  std::vector<embedding::v1::ImportHeader> headers;
  std::vector<embedding::v1::ImportData> parts;
  std::string end_digest;
  bool cancelled = false;
};

// Reads one import as planned.
//
// Threads  gRPC calls one reaction at a time, but OnCancel beside the others.
class FakeImport final
    : public grpc::ServerReadReactor<embedding::v1::ImportTableRequest> {
 public:
  FakeImport(const ImportPlan& plan, std::shared_ptr<ImportSeen> seen)
      : plan_(plan), seen_(std::move(seen)) {
    StartRead(&message_);
  }

  void OnReadDone(bool ok) override {
    if (ok && message_.has_header()) {
      seen_->headers.push_back(message_.header());
    }
    if (ok && message_.has_data()) {
      seen_->parts.push_back(message_.data());
      if (seen_->parts.size() == 1) seen_->first_part.Notify();
    }
    if (ok && message_.has_end()) seen_->end_digest = message_.end().digest();
    if (ok && seen_->parts.size() < plan_.num_parts) {
      StartRead(&message_);
    } else if (!plan_.silent) {
      End(plan_.status);
    }
  }

  void OnCancel() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      cancelled_ = true;
    }
    End(grpc::Status::CANCELLED);
  }

  void OnDone() override {
    seen_->cancelled = cancelled_;
    seen_->over.Notify();
    delete this;
  }

 private:
  // Once, though the last message and a cancellation may come together.
  void End(const grpc::Status& status) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (ended_) return;
      ended_ = true;
    }
    Finish(status);
  }

  const ImportPlan plan_;
  const std::shared_ptr<ImportSeen> seen_;
  embedding::v1::ImportTableRequest message_;

  std::mutex mutex_;
  // Guarded by mutex_.
  bool ended_ = false;
  bool cancelled_ = false;
};

// Never answers; the call ends when its caller is gone.
class SilentCall final : public grpc::ServerUnaryReactor {
 public:
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

// FakeServer answers with OK and an empty message, or as its public members
// say.
//
// Threads  Set the public members before the call that they are about; the
//          methods are thread-safe.
class FakeServer {
 public:
  template <typename Request, typename Response>
  using Answer = std::function<grpc::Status(const Request&, Response&)>;

  // Applies to unary calls, before `lookup` and `list_tables` are asked.
  int failures_left = 0;
  // Calls that are tried again do not fail again.
  bool only_first_tries_fail = false;
  grpc::Status failure;
  bool silent = false;

  Answer<embedding::v1::LookupRequest, embedding::v1::LookupResponse> lookup;
  Answer<embedding::v1::ListTablesRequest, embedding::v1::ListTablesResponse>
      list_tables;
  ImportPlan import_plan;
  // Of the first imports; those after them follow import_plan.
  std::deque<ImportPlan> import_plans;
  Answer<embedding::v1::GetImportRequest, embedding::v1::GetImportResponse>
      get_import;

  FakeServer() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&lookups_);
    builder.RegisterService(&admin_);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }

  const std::string& address() const { return address_; }
  grpc::Server& server() { return *server_; }

  // How many calls of a method arrived.
  int calls(const std::string& method) {
    std::lock_guard<std::mutex> lock(mutex_);
    return calls_[method];
  }

  // Waits until so many calls of a method arrived.
  void WaitForCalls(const std::string& method, int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    arrived_.wait(lock, [&] { return calls_[method] >= count; });
  }

  // How many connections unary calls came by.
  size_t num_peers() {
    std::lock_guard<std::mutex> lock(mutex_);
    return peers_.size();
  }

  // Waits for an import to begin; of several, returns the last one's.
  std::shared_ptr<ImportSeen> WaitForImport() {
    std::unique_lock<std::mutex> lock(mutex_);
    import_begun_.wait(lock, [&] { return import_seen_ != nullptr; });
    return import_seen_;
  }

 private:
  using Context = grpc::CallbackServerContext;

  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Reply(Context* context, const std::string& method,
                                  const Request* request, Response* response,
                                  const Answer<Request, Response>& answer) {
    bool fails = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ++calls_[method];
      peers_.insert(context->peer());
      arrived_.notify_all();
      const bool is_again =
          context->client_metadata().count("grpc-previous-rpc-attempts") > 0;
      fails = failures_left > 0 && !(only_first_tries_fail && is_again);
      if (fails) --failures_left;
    }
    if (silent) return new SilentCall;
    auto* const reactor = context->DefaultReactor();
    if (fails) {
      reactor->Finish(failure);
    } else {
      reactor->Finish(answer ? answer(*request, *response) : grpc::Status::OK);
    }
    return reactor;
  }

  class Lookups final
      : public embedding::v1::EmbeddingService::CallbackService {
   public:
    explicit Lookups(FakeServer& fake) : fake_(fake) {}
    grpc::ServerUnaryReactor* Lookup(
        Context* context, const embedding::v1::LookupRequest* request,
        embedding::v1::LookupResponse* response) override {
      return fake_.Reply(context, "Lookup", request, response, fake_.lookup);
    }

   private:
    FakeServer& fake_;
  };

  class Admin final : public embedding::v1::TableAdmin::CallbackService {
   public:
    explicit Admin(FakeServer& fake) : fake_(fake) {}
    grpc::ServerUnaryReactor* CreateTable(
        Context* context, const embedding::v1::CreateTableRequest* request,
        embedding::v1::CreateTableResponse* response) override {
      *response->mutable_table()->mutable_spec() = request->spec();
      return fake_.Reply(context, "CreateTable", request, response, {});
    }
    grpc::ServerUnaryReactor* GetTable(
        Context* context, const embedding::v1::GetTableRequest* request,
        embedding::v1::GetTableResponse* response) override {
      response->mutable_table()->mutable_spec()->set_name(request->name());
      return fake_.Reply(context, "GetTable", request, response, {});
    }
    grpc::ServerUnaryReactor* ListTables(
        Context* context, const embedding::v1::ListTablesRequest* request,
        embedding::v1::ListTablesResponse* response) override {
      return fake_.Reply(context, "ListTables", request, response,
                         fake_.list_tables);
    }
    grpc::ServerUnaryReactor* DropTable(
        Context* context, const embedding::v1::DropTableRequest* request,
        embedding::v1::DropTableResponse* response) override {
      return fake_.Reply(context, "DropTable", request, response, {});
    }
    grpc::ServerUnaryReactor* GetStatus(
        Context* context, const embedding::v1::GetStatusRequest* request,
        embedding::v1::GetStatusResponse* response) override {
      response->set_server_version("fake");
      return fake_.Reply(context, "GetStatus", request, response, {});
    }
    grpc::ServerReadReactor<embedding::v1::ImportTableRequest>* ImportTable(
        Context*, embedding::v1::ImportTableResponse* response) override {
      response->mutable_table()->set_version(1);
      std::lock_guard<std::mutex> lock(fake_.mutex_);
      ++fake_.calls_["ImportTable"];
      fake_.import_seen_ = std::make_shared<ImportSeen>();
      fake_.import_begun_.notify_all();
      if (fake_.import_plans.empty()) {
        return new FakeImport(fake_.import_plan, fake_.import_seen_);
      }
      const ImportPlan plan = fake_.import_plans.front();
      fake_.import_plans.pop_front();
      return new FakeImport(plan, fake_.import_seen_);
    }
    grpc::ServerUnaryReactor* GetImport(
        Context* context, const embedding::v1::GetImportRequest* request,
        embedding::v1::GetImportResponse* response) override {
      return fake_.Reply(context, "GetImport", request, response,
                         fake_.get_import);
    }
    grpc::ServerUnaryReactor* DropImport(
        Context* context, const embedding::v1::DropImportRequest* request,
        embedding::v1::DropImportResponse* response) override {
      return fake_.Reply(context, "DropImport", request, response, {});
    }

   private:
    FakeServer& fake_;
  };

  std::mutex mutex_;
  std::condition_variable import_begun_;
  std::condition_variable arrived_;
  // Guarded by mutex_.
  std::map<std::string, int> calls_;
  std::set<std::string> peers_;
  std::shared_ptr<ImportSeen> import_seen_;

  Lookups lookups_{*this};
  Admin admin_{*this};
  std::string address_;
  // Last: the first to go, when all calls are over.
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace emb

#endif  // EMB_TESTS_UNIT_CLIENT_FAKE_SERVER_H_
