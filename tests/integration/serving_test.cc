// The whole way: client, gRPC, server, RocksDB, and back.
#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/fill.h"
#include "core/status_macros.h"
#include "emb/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/ask.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/make_table.h"
#include "tests/testing/row_sources.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TableOptions Options(const std::string& name, int64_t num_rows, int64_t dim) {
  TableOptions options;
  options.name = name;
  options.num_rows = num_rows;
  options.dim = dim;
  return options;
}

class ServingTest : public testing::Test {
 protected:
  void SetUp() override {
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start(Limited()));
    client_.emplace(server_->client());
  }
  virtual ServerOptions Limited() { return {}; }

  std::vector<float> Rows(const std::string& table,
                          const std::vector<int64_t>& ids) {
    const auto result = client_->Lookup(Ask(table, ids));
    EXPECT_THAT(result, IsOk());
    if (!result.ok()) return {};
    const auto values = result->feature(0).values();
    return {values.begin(), values.end()};
  }

  // Stops in good order, starts again, connects anew.
  void Restart() {
    EMB_ASSERT_OK(server_->Restart());
    client_.emplace(server_->client());
  }

  std::unique_ptr<InProcessServer> server_;
  std::optional<Client> client_;
};

// Embedding(10, 3, padding_idx=6), asked for [[1, 2, 6, 4], [5, 6, 7, 8]].
TEST_F(ServingTest, AnswersAsEmbeddingDoes) {
  TableOptions options = Options("item", 10, 3);
  options.padding_idx = -4;
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo info, client_->CreateTable(options));
  EXPECT_EQ(info.options.padding_idx, 6);
  LookupRequest request = Ask("item", {1, 2, 6, 4, 5, 6, 7, 8});
  request.features[0].shape = DenseShape{{2, 4}};
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, client_->Lookup(request));
  const FeatureResult& item = result.feature(0);
  EXPECT_THAT(item.shape, ElementsAre(2, 4, 3));
  EXPECT_EQ(item.version, 1U);
  EXPECT_EQ(result.epoch(), 1U);

  std::vector<float> want;
  const auto append = [&](int64_t, absl::Span<const float> values) {
    want.insert(want.end(), values.begin(), values.end());
  };
  TorchMt19937 generator(0);
  FillMatrix<float>(Initializer{}, 10, 3, generator, {append});
  const std::vector<int64_t> ids = {1, 2, 6, 4, 5, 6, 7, 8};
  for (size_t i = 0; i < ids.size(); ++i) {
    for (size_t j = 0; j < 3; ++j) {
      const float row = want[static_cast<size_t>(ids[i]) * 3 + j];
      EXPECT_EQ(item.values()[i * 3 + j], ids[i] == 6 ? 0.0F : row);
    }
  }
}

TEST_F(ServingTest, ARestartRestoresEveryByte) {
  TableOptions options = Options("large", 20'000, 64);
  options.initializer.scheme = "xavier_uniform";
  options.padding_idx = 3;
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo before,
                           client_->CreateTable(options));
  EMB_ASSERT_OK(client_->CreateTable(Options("small", 5, 2)));
  EMB_ASSERT_OK(client_->CreateTable(Options("dropped", 5, 2)));
  EMB_ASSERT_OK(client_->DropTable("dropped"));
  std::vector<int64_t> ids(1'024);
  std::mt19937 random(1);
  for (int64_t& id : ids) id = static_cast<int64_t>(random() % 20'000);
  const std::vector<float> rows = Rows("large", ids);

  Restart();
  EMB_ASSERT_OK_AND_ASSIGN(const TableInfo after, client_->GetTable("large"));
  EXPECT_EQ(after.digest, before.digest);
  EXPECT_EQ(after.version, 1U);
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_EQ(after.options.initializer.scheme, "xavier_uniform");
  EXPECT_EQ(Rows("large", ids), rows);
  EXPECT_THAT(Rows("large", {3}), Each(0.0F));
  EXPECT_THAT(client_->GetTable("dropped"), StatusIs(StatusCode::kNotFound));
  EMB_ASSERT_OK_AND_ASSIGN(const ServerStatus status, client_->GetStatus());
  EXPECT_EQ(status.epoch, 4U);
  EXPECT_EQ(status.num_tables, 2);
}

TEST_F(ServingTest, AnImportedPaddingRowIsZeroUnlessItIsKept) {
  const std::vector<float> values = CountingValues(4, 2);
  for (const bool keep : {false, true}) {
    TableOptions options = Options(keep ? "kept" : "zeroed", 4, 2);
    options.padding_idx = 2;
    ImportOptions import_options;
    import_options.keep_padding_row = keep;
    EMB_ASSERT_OK(
        client_->ImportTable(options, RowsFromValues(values), import_options));
  }
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(Rows("zeroed", {2, 3}), ElementsAre(0, 0, 6, 7));
    EXPECT_THAT(Rows("kept", {2, 3}), ElementsAre(4, 5, 6, 7));
    Restart();
  }
}

// New rows must not cost a table its padding row or its norm.
TEST_F(ServingTest, TheNextVersionKeepsWhatTheImportDoesNotSay) {
  TableOptions options = Options("item", 4, 2);
  options.padding_idx = 2;
  options.max_norm = 1;
  options.norm_type = 1;
  EMB_ASSERT_OK(client_->CreateTable(options));
  const TableOptions rows = Options("item", 5, 2);
  EMB_ASSERT_OK_AND_ASSIGN(
      TableInfo info,
      client_->ImportTable(rows, RowsFromValues(CountingValues(5, 2))));
  EXPECT_EQ(info.version, 2U);
  EXPECT_EQ(info.options.num_rows, 5);
  EXPECT_EQ(info.options.padding_idx, 2);
  EXPECT_EQ(info.options.max_norm, 1);
  EXPECT_EQ(info.options.norm_type, 1);
  EXPECT_THAT(Rows("item", {0, 2}), ElementsAre(0, 1, 0, 0));

  ImportOptions without;
  without.no_padding_idx = true;
  without.no_max_norm = true;
  EMB_ASSERT_OK_AND_ASSIGN(
      info, client_->ImportTable(rows, RowsFromValues(CountingValues(5, 2)),
                                 without));
  EXPECT_EQ(info.options.padding_idx, std::nullopt);
  EXPECT_EQ(info.options.max_norm, std::nullopt);
  EXPECT_THAT(Rows("item", {2}), ElementsAre(4, 5));
}

TEST_F(ServingTest, SeveralFeaturesAreReadAtOneEpoch) {
  EMB_ASSERT_OK(client_->CreateTable(Options("a", 3, 1)));
  TableOptions ones = Options("b", 3, 5);
  ones.initializer.scheme = "ones";
  EMB_ASSERT_OK(client_->CreateTable(ones));
  LookupRequest request = Ask("a", {0, 1});
  request.features.push_back(Ask("b", {2}).features[0]);
  EMB_ASSERT_OK_AND_ASSIGN(const LookupResult result, client_->Lookup(request));
  EXPECT_EQ(result.epoch(), 2U);
  ASSERT_EQ(result.features().size(), 2U);
  EXPECT_EQ(result.feature(0).values().size(), 2U);
  EXPECT_THAT(result.feature(1).values(), Each(1.0F));
  for (const FeatureResult& feature : result.features()) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(feature.bytes.data()) % 64, 0U);
  }
}

TEST_F(ServingTest, RefusesBadLookupsByCodeAndText) {
  EMB_ASSERT_OK(client_->CreateTable(Options("item", 4, 2)));
  LookupRequest wrong_shape = Ask("item", {0, 1, 2});
  wrong_shape.features[0].shape = DenseShape{{2, 2}};
  LookupRequest ragged = Ask("item", {0});
  ragged.features[0].shape = RaggedShape{{2}};
  const struct {
    std::string what;
    LookupRequest request;
    StatusCode code;
    std::string complaint;
  } cases[] = {
      {"unknown table", Ask("user", {0}), StatusCode::kNotFound, "\"user\""},
      {"no feature", {}, StatusCode::kInvalidArgument, "want at least 1"},
      {"no ids", Ask("item", {}), StatusCode::kInvalidArgument, "ids"},
      {"negative id", Ask("item", {0, -1}), StatusCode::kOutOfRange,
       "features[0].ids[1] = -1, want [0, 4)"},
      {"one past the end", Ask("item", {4}), StatusCode::kOutOfRange,
       "ids[0] = 4"},
      {"extreme id", Ask("item", {kMax}), StatusCode::kOutOfRange, "ids[0]"},
      {"wrong shape", wrong_shape, StatusCode::kInvalidArgument,
       "room for 4 ids, but there are 3"},
      {"ragged", ragged, StatusCode::kInvalidArgument,
       "features[0].ragged.lengths[0] = 2, want at most 1"},
      {"too many ids", Ask("item", std::vector<int64_t>(262'145)),
       StatusCode::kInvalidArgument, "at most 262144 (--request_ids_max)"},
      {"message over the limit", Ask("item", std::vector<int64_t>(600'000)),
       StatusCode::kResourceExhausted, "--request_bytes_max"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_THAT(client_->Lookup(c.request),
                StatusIs(c.code, HasSubstr(c.complaint)));
  }
  EMB_EXPECT_OK(client_->Lookup(Ask("item", std::vector<int64_t>(262'144))));
}

TEST_F(ServingTest, RefusesBadTablesByCodeAndText) {
  EMB_ASSERT_OK(client_->CreateTable(Options("item", 4, 2)));
  TableOptions padding = Options("a", 4, 2);
  padding.padding_idx = 4;
  TableOptions unknown = Options("a", 4, 2);
  unknown.initializer = {"uniform", {{"sd", 1.0}}};
  TableOptions missing = Options("a", 4, 2);
  missing.initializer = {"constant", {}};
  TableOptions nan = Options("a", 4, 2);
  nan.initializer = {"normal",
                     {{"mean", std::numeric_limits<double>::quiet_NaN()}}};
  const struct {
    std::string what;
    TableOptions options;
    StatusCode code;
    std::string complaint;
  } cases[] = {
      {"no rows", Options("a", 0, 2), StatusCode::kInvalidArgument,
       "num_rows: 0"},
      {"no dim", Options("a", 1, 0), StatusCode::kInvalidArgument, "dim: 0"},
      {"dim too large", Options("a", 1, 65'537), StatusCode::kInvalidArgument,
       "dim: 65537"},
      {"too many rows", Options("a", int64_t{1} << 50, 64),
       StatusCode::kResourceExhausted, "memory"},
      {"beyond 64 bits", Options("a", kMax / 100, 65'536),
       StatusCode::kInvalidArgument, "2^62"},
      // Rounded up to whole blocks it would be, and was, beyond int64.
      {"nearly 64 bits", Options("a", kMax / 2 / 260, 65),
       StatusCode::kResourceExhausted, "memory"},
      {"taken", Options("item", 4, 2), StatusCode::kAlreadyExists, "item"},
      {"empty name", Options("", 4, 2), StatusCode::kInvalidArgument, "name"},
      {"long name", Options(std::string(129, 'x'), 4, 2),
       StatusCode::kInvalidArgument, "129 characters"},
      {"odd name", Options("a b", 4, 2), StatusCode::kInvalidArgument,
       "character 1"},
      {"padding_idx", padding, StatusCode::kInvalidArgument,
       "padding_idx: 4, want [-4, 4)"},
      {"unknown argument", unknown, StatusCode::kInvalidArgument,
       "initializer.sd"},
      {"missing argument", missing, StatusCode::kInvalidArgument,
       "initializer.val"},
      {"NaN", nan, StatusCode::kInvalidArgument, "initializer.mean: nan"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_THAT(client_->CreateTable(c.options),
                StatusIs(c.code, HasSubstr(c.complaint)));
  }
  EXPECT_THAT(client_->DropTable("nobody"), StatusIs(StatusCode::kNotFound));
  EMB_ASSERT_OK_AND_ASSIGN(const auto tables, client_->ListTables());
  EXPECT_EQ(tables.size(), 1U);  // Nothing was changed.
}

TEST_F(ServingTest, AnImportCancelledHalfWayLeavesNothing) {
  EXPECT_THAT(
      client_->ImportTable(
          Options("item", 100'000, 64),
          RowsThatFailAfter(10 << 20, absl::DataLossError("bad sector"))),
      StatusIs(StatusCode::kDataLoss, HasSubstr("bad sector")));
  // The server hears of it in its own time; until then the name is taken.
  absl::Status status;
  do {
    status = client_->CreateTable(Options("item", 4, 2)).status();
  } while (absl::IsAlreadyExists(status));
  EMB_EXPECT_OK(status);
  EMB_ASSERT_OK_AND_ASSIGN(const ServerStatus after, client_->GetStatus());
  EXPECT_EQ(after.epoch, 1U);  // The import committed nothing.
}

TEST_F(ServingTest, LookupsHoldTheirTableWhileItIsDropped) {
  std::atomic<bool> done{false};
  std::atomic<int64_t> answered{0};
  std::thread reader([&] {
    while (!done) {
      const auto result = client_->Lookup(Ask("item", {0, 999}));
      if (result.ok()) {
        EXPECT_THAT(result->feature(0).values(), Each(1.0F));
        ++answered;
      } else {
        EXPECT_THAT(result, StatusIs(StatusCode::kNotFound));
      }
    }
  });
  TableOptions options = Options("item", 1'000, 64);
  options.initializer.scheme = "ones";
  for (int64_t round = 0; round < 20; ++round) {
    EMB_ASSERT_OK(client_->CreateTable(options));
    // At least one lookup of this life of the table.
    const int64_t before = answered;
    while (answered == before) std::this_thread::yield();
    EMB_ASSERT_OK(client_->DropTable("item"));
  }
  done = true;
  reader.join();
}

TEST_F(ServingTest, ListsManyTablesByName) {
  for (int i = 0; i < 30; ++i) {
    EMB_ASSERT_OK(
        client_->CreateTable(Options(absl::StrCat("t", 10 + i), 1, 1)));
  }
  EMB_ASSERT_OK_AND_ASSIGN(const auto tables, client_->ListTables());
  ASSERT_EQ(tables.size(), 30U);
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(tables[i].options.name, absl::StrCat("t", 10 + i));
  }
}

TEST_F(ServingTest, ReportsHealthPerService) {
  EMB_EXPECT_OK(client_->CheckHealth());
  EMB_EXPECT_OK(client_->CheckHealth("embedding.v1.EmbeddingService"));
  EXPECT_THAT(client_->CheckHealth("nobody"), StatusIs(StatusCode::kNotFound));
}

// Each listener has one service; a caller who mixes them up is told so.
TEST_F(ServingTest, ListenersDoNotServeEachOthersCalls) {
  ClientOptions options;
  options.server = server_->server().admin_address();
  options.admin = server_->server().data_address();
  EMB_ASSERT_OK_AND_ASSIGN(const Client wrong, Client::Connect(options));
  const auto refused_by = [](const std::string& address) {
    return StatusIs(
        StatusCode::kUnimplemented,
        HasSubstr(absl::StrCat(address, " does not serve this call")));
  };
  EXPECT_THAT(wrong.CreateTable(Options("item", 4, 2)),
              refused_by(options.admin));
  EXPECT_THAT(wrong.GetStatus(), refused_by(options.admin));
  EXPECT_THAT(wrong.ImportTable(Options("item", 1, 1), RowsFromValues({1})),
              refused_by(options.admin));
  EXPECT_THAT(wrong.Lookup(Ask("item", {0})), refused_by(options.server));
  const auto stream = wrong.OpenLookupStream();
  // The refusal may be there before the request is on its way.
  absl::Status refusal = stream->Send(Ask("item", {0}));
  if (refusal.ok()) refusal = stream->Receive().status();
  EXPECT_THAT(refusal, refused_by(options.server));
}

class ImpatientServer : public ServingTest {
 protected:
  ServerOptions Limited() override {
    ServerOptions options;
    options.import_idle_timeout = absl::Milliseconds(500);
    return options;
  }
};

// It would hold the memory of the whole table for as long as it likes.
TEST_F(ImpatientServer, GivesUpAnImportThatStalls) {
  int64_t most_bytes = 0;
  const RowSource stalled =
      [&](absl::Span<std::byte> buffer) -> absl::StatusOr<size_t> {
    // Until the server has reserved the table, and then has it no more.
    for (int64_t bytes = -1; most_bytes == 0 || bytes != 0;) {
      EMB_ASSIGN_OR_RETURN(const ServerStatus status, client_->GetStatus());
      bytes = status.memory_used_bytes;
      most_bytes = std::max(most_bytes, bytes);
    }
    return buffer.size();
  };
  EXPECT_THAT(client_->ImportTable(Options("item", 1'000'000, 64), stalled),
              StatusIs(StatusCode::kDeadlineExceeded,
                       HasSubstr("no message for 500ms "
                                 "(--import_idle_timeout)")));
  EXPECT_GT(most_bytes, 0);
  // The name is free again.
  EMB_EXPECT_OK(
      client_->ImportTable(Options("item", 1, 1), RowsFromValues({1})));
}

class SmallServer : public ServingTest {
 protected:
  ServerOptions Limited() override {
    ServerOptions options;
    options.memory_limit_bytes = 1 << 20;
    options.limits.answer_bytes_max = 800;
    options.limits.request_features_max = 2;
    return options;
  }
};

TEST_F(SmallServer, RefusesWhatIsOverItsLimits) {
  EMB_ASSERT_OK(client_->CreateTable(Options("item", 100, 2)));
  EXPECT_THAT(
      client_->CreateTable(Options("large", 5'000, 64)),
      StatusIs(StatusCode::kResourceExhausted, HasSubstr("--memory_limit")));
  EMB_EXPECT_OK(client_->Lookup(Ask("item", std::vector<int64_t>(100))));
  EXPECT_THAT(
      client_->Lookup(Ask("item", std::vector<int64_t>(101))),
      StatusIs(
          StatusCode::kInvalidArgument,
          HasSubstr("808 bytes, want at most 800 bytes (--answer_bytes_max)")));
  LookupRequest request = Ask("item", {0});
  request.features.resize(3, request.features[0]);
  EXPECT_THAT(client_->Lookup(request),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("at most 2 (--request_features_max)")));
}

}  // namespace
}  // namespace emb
