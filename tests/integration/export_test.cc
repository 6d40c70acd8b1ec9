// ExportTable through the whole system.
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "emb/client.h"
#include "embedding/v1/admin.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "storage/digest.h"
#include "tests/testing/ask.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

using absl::StatusCode;
using testing::HasSubstr;

// Ten messages or so.
constexpr int64_t kRows = 40'000;
constexpr int64_t kDim = 16;

struct Exported {
  TableInfo table;
  std::vector<float> values;
};

class ExportTest : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start());
  }

  TableOptions Item() const {
    TableOptions table;
    table.name = "item";
    table.num_rows = kRows;
    table.dim = kDim;
    table.initializer.scheme = "zeros";
    return table;
  }

  absl::StatusOr<Exported> Export(uint64_t version = 0) const {
    Exported exported;
    ExportSink sink;
    sink.begin = [](const TableInfo&) { return absl::OkStatus(); };
    sink.rows = [&](absl::Span<const std::byte> bytes) {
      const size_t before = exported.values.size();
      exported.values.resize(before + bytes.size() / sizeof(float));
      std::memcpy(&exported.values[before], bytes.data(), bytes.size());
      return absl::OkStatus();
    };
    ExportOptions options;
    options.version = version;
    auto table = server_->client().ExportTable("item", sink, options);
    if (!table.ok()) return table.status();
    exported.table = *std::move(table);
    return exported;
  }

  // One message after another, as the server sends them.
  grpc::Status Raw(pb::ExportTableRequest request,
                   std::vector<pb::ExportTableResponse>& messages) const {
    const auto stub = pb::TableAdmin::NewStub(grpc::CreateChannel(
        server_->server().admin_address(), grpc::InsecureChannelCredentials()));
    request.set_name("item");
    grpc::ClientContext context;
    const auto reader = stub->ExportTable(&context, request);
    pb::ExportTableResponse message;
    while (reader->Read(&message)) messages.push_back(message);
    return reader->Finish();
  }

  std::unique_ptr<InProcessServer> server_;
};

// The first and the last row are far apart in the stream.
TEST_F(ExportTest, IsOfOneRevisionWhileUpdatesRun) {
  const Client client = server_->client();
  EMB_ASSERT_OK(client.CreateTable(Item()));
  std::atomic<bool> exporting = true;
  std::thread writer([&] {
    for (float value = 1; exporting; ++value) {
      RowValues rows;
      rows.table = "item";
      rows.ids = {0, kRows / 2, kRows - 1};
      rows.values.assign(rows.ids.size() * kDim, value);
      ASSERT_THAT(client.UpsertRows({rows}), IsOk());
    }
  });
  uint64_t last_revision = 0;
  for (int i = 0; i < 20; ++i) {
    const auto exported = Export();
    EXPECT_THAT(exported, IsOk());
    if (!exported.ok()) break;
    const auto revision = static_cast<float>(exported->table.revision);
    EXPECT_EQ(exported->values.front(), revision);
    EXPECT_EQ(exported->values[kRows / 2 * kDim], revision);
    EXPECT_EQ(exported->values.back(), revision);
    last_revision = exported->table.revision;
  }
  exporting = false;
  writer.join();
  EXPECT_GT(last_revision, 0U);
}

TEST_F(ExportTest, SendsAVersionThatIsOnDiskOnly) {
  const Client client = server_->client();
  for (const float value : {1.0F, 2.0F}) {
    EMB_ASSERT_OK(client.ImportTable(
        Item(), RowsFromValues(std::vector<float>(kRows * kDim, value))));
  }
  EMB_ASSERT_OK_AND_ASSIGN(const Exported old, Export(1));
  EXPECT_EQ(old.table.version, 1U);
  EXPECT_EQ(old.values, std::vector<float>(kRows * kDim, 1));
  EMB_ASSERT_OK_AND_ASSIGN(const Exported current, Export());
  EXPECT_EQ(current.table.version, 2U);
  EXPECT_THAT(Export(3), StatusIs(StatusCode::kNotFound, HasSubstr("3")));
}

TEST_F(ExportTest, QuantisedRowsAreThoseThatLookupsAnswer) {
  TableOptions table = Item();
  table.num_rows = 100;
  table.dtype = ElementType::kInt8Rowwise;
  table.initializer.scheme = "normal";
  EMB_ASSERT_OK(server_->client().CreateTable(table));
  EMB_ASSERT_OK_AND_ASSIGN(const Exported exported, Export());
  std::vector<int64_t> ids(100);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i);
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult looked_up,
                           server_->client().Lookup(Ask("item", ids)));
  EXPECT_THAT(exported.values,
              testing::ElementsAreArray(looked_up.feature(0).values()));
}

TEST_F(ExportTest, GoesOnWhereItIsAskedTo) {
  EMB_ASSERT_OK(server_->client().ImportTable(
      Item(), RowsFromValues(CountingValues(kRows, kDim))));
  constexpr int64_t kRowBytes = kDim * int64_t{sizeof(float)};
  pb::ExportTableRequest request;
  request.set_offset((kRows - 3) * kRowBytes);
  request.set_expected_revision(0);
  std::vector<pb::ExportTableResponse> messages;
  ASSERT_TRUE(Raw(request, messages).ok());
  ASSERT_EQ(messages.size(), 3U);
  const std::string& bytes = messages[1].data().data();
  ASSERT_EQ(bytes.size(), 3 * kRowBytes);
  float first = 0;
  std::memcpy(&first, bytes.data(), sizeof(first));
  EXPECT_EQ(first, CountingValue(kRows - 3, 0, kDim));
  StreamHash hash;
  hash.Update({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
  EXPECT_EQ(messages[2].end().digest(), DigestToHex(hash.Finish()));

  request.set_offset(kRows * kRowBytes);
  messages.clear();
  ASSERT_TRUE(Raw(request, messages).ok());
  EXPECT_EQ(messages.size(), 2U);
}

TEST_F(ExportTest, RefusesWhatMakesNoSense) {
  EMB_ASSERT_OK(server_->client().CreateTable(Item()));
  std::vector<pb::ExportTableResponse> messages;
  for (const int64_t offset : {int64_t{-64}, int64_t{1}, (kRows + 1) * 64}) {
    pb::ExportTableRequest request;
    request.set_offset(offset);
    const grpc::Status status = Raw(request, messages);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr("offset"));
  }
  pb::ExportTableRequest request;
  request.set_expected_revision(7);
  const grpc::Status status = Raw(request, messages);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(status.error_message(), "table \"item\" v1: at revision 0, want 7");
  EXPECT_TRUE(messages.empty());
}

// A part that was changed on its way is no version.
TEST_F(ExportTest, AnImportIsCheckedToo) {
  const auto stub = pb::TableAdmin::NewStub(grpc::CreateChannel(
      server_->server().admin_address(), grpc::InsecureChannelCredentials()));
  for (const bool changed : {true, false}) {
    grpc::ClientContext context;
    pb::ImportTableResponse response;
    const auto writer = stub->ImportTable(&context, &response);
    pb::ImportTableRequest message;
    pb::TableSpec& spec = *message.mutable_header()->mutable_spec();
    spec.set_name("item");
    spec.set_num_rows(1);
    spec.set_dim(1);
    writer->Write(message);
    pb::ImportData& data = *message.mutable_data();
    data.set_data(std::string(4, '\0'));
    data.set_checksum(WireChecksum(AsBytes({0.0F})) + (changed ? 1 : 0));
    writer->Write(message);
    writer->WritesDone();
    EXPECT_EQ(writer->Finish().error_code(),
              changed ? grpc::StatusCode::DATA_LOSS : grpc::StatusCode::OK);
    EXPECT_EQ(server_->client().GetTable("item").ok(), !changed);
  }
}

}  // namespace
}  // namespace emb
