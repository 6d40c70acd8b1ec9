// Imports whose messages come in no order, or hold what they must not.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/bad_requests/bad_requests_fixture.h"

namespace emb {
namespace {

namespace pb = embedding::v1;
using Messages = std::vector<pb::ImportTableRequest>;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kLoss = absl::StatusCode::kDataLoss;

pb::ImportTableRequest Header(
    const std::function<void(pb::ImportHeader&)>& change = [](auto&) {}) {
  pb::ImportTableRequest message;
  pb::TableSpec& spec = *message.mutable_header()->mutable_spec();
  spec.set_name("new");
  spec.set_num_rows(4);
  spec.set_dim(2);
  change(*message.mutable_header());
  return message;
}

pb::ImportTableRequest Data(int64_t offset, const std::string& bytes) {
  pb::ImportTableRequest message;
  message.mutable_data()->set_offset(offset);
  message.mutable_data()->set_data(bytes);
  return message;
}

pb::ImportTableRequest End(const std::string& digest) {
  pb::ImportTableRequest message;
  message.mutable_end()->set_digest(digest);
  return message;
}

class BadImports : public BadRequests {
 protected:
  int64_t tables_max() const override { return 100; }

  void ExpectRefusedAll(const std::string& what, const Messages& messages,
                        StatusCode code, const std::string& text) {
    const auto context = Context();
    pb::ImportTableResponse response;
    const auto call = admin().ImportTable(context.get(), &response);
    for (const pb::ImportTableRequest& message : messages) {
      if (!call->Write(message)) break;  // Refused already.
    }
    call->WritesDone();
    ExpectRefused(what, call->Finish(), code, text);
  }
};

const std::string kRows(32, '\0');

TEST_F(BadImports, MessagesInTheWrongOrder) {
  const std::string digest(32, '0');
  ExpectRefusedAll("nothing", {}, kInvalid, "header: missing");
  ExpectRefusedAll("no part", {{}}, kInvalid, "message: want a header, data");
  ExpectRefusedAll("no part behind", {Header(), {}}, kInvalid, "message: want");
  ExpectRefusedAll("data first", {Data(0, kRows), Header()}, kInvalid,
                   "data: sent before the header");
  ExpectRefusedAll("end first", {End(digest)}, kInvalid,
                   "end: sent before the header");
  ExpectRefusedAll("two headers", {Header(), Header()}, kInvalid,
                   "header: sent twice");
  ExpectRefusedAll("a header behind the rows",
                   {Header(), Data(0, kRows), Header()}, kInvalid,
                   "header: sent twice");
}

TEST_F(BadImports, NotAsManyBytesAsTheRowsTake) {
  for (size_t size = 0; size < kRows.size(); ++size) {
    ExpectRefusedAll(absl::StrCat(size, " bytes"),
                     {Header(), Data(0, kRows.substr(0, size))}, kInvalid,
                     absl::StrCat("data: ", size, " bytes, want 32"));
  }
  ExpectRefusedAll("no data", {Header()}, kInvalid, "data: 0 bytes, want 32");
  ExpectRefusedAll("one more", {Header(), Data(0, kRows + "x")}, kInvalid,
                   "data: 33 bytes, want 32 for 4 rows of 2 float32");
  ExpectRefusedAll("one more behind", {Header(), Data(0, kRows), Data(32, "x")},
                   kInvalid, "data: 33 bytes, want 32");
  ExpectRefusedAll("over 1 MiB",
                   {Header(), Data(0, std::string((1 << 20) + 1, 'x'))},
                   kInvalid, "1048577 bytes, want at most 1048576");
  ExpectRefusedAll("3 MiB", {Header(), Data(0, std::string(3 << 20, 'x'))},
                   kInvalid, "data.data: 3145728 bytes");
}

TEST_F(BadImports, DataThatBelongsElsewhere) {
  for (const int64_t offset :
       {int64_t{1}, int64_t{-1}, int64_t{32}, kInt64Max, kInt64Min}) {
    ExpectRefusedAll("first", {Header(), Data(offset, kRows)}, kInvalid,
                     absl::StrCat("data.offset = ", offset, ", want 0"));
    ExpectRefusedAll(
        "second", {Header(), Data(0, kRows.substr(8)), Data(offset, "x")},
        kInvalid, absl::StrCat("data.offset = ", offset, ", want 24"));
  }
  ExpectRefusedAll("again", {Header(), Data(0, "12345678"), Data(0, kRows)},
                   kInvalid, "data.offset = 0, want 8");
}

TEST_F(BadImports, DataThatWasChangedOnItsWay) {
  for (const uint64_t checksum : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}}) {
    pb::ImportTableRequest data = Data(0, kRows);
    data.mutable_data()->set_checksum(checksum);
    ExpectRefusedAll("checksum", {Header(), data}, kLoss,
                     "data.checksum: 32 bytes at 0 were changed");
  }
  for (const std::string& digest :
       {std::string(), std::string(32, '0'), std::string("x"),
        std::string(100'000, 'f')}) {
    ExpectRefusedAll("digest", {Header(), Data(0, kRows), End(digest)}, kLoss,
                     "end.digest = \"" + digest.substr(0, 64));
  }
}

TEST_F(BadImports, HeadersThatContradictThemselves) {
  const auto refused = [&](const std::string& text,
                           const std::function<void(pb::ImportHeader&)>& f) {
    ExpectRefusedAll(text, {Header(f), Data(0, kRows)}, kInvalid, text);
  };
  const std::string unset = "initializer, seed and generator must be unset";
  refused(unset, [](auto& h) { h.mutable_spec()->mutable_initializer(); });
  refused(unset, [](auto& h) { h.mutable_spec()->set_seed(1); });
  refused(unset, [](auto& h) {
    h.mutable_spec()->set_generator(pb::GENERATOR_TORCH_MT19937);
  });
  refused(unset, [](auto& h) {
    h.mutable_spec()->set_generator(static_cast<pb::Generator>(9));
  });
  refused("padding_idx and no_padding_idx", [](auto& h) {
    h.mutable_spec()->set_padding_idx(0);
    h.set_no_padding_idx(true);
  });
  refused("max_norm and no_max_norm", [](auto& h) {
    h.mutable_spec()->set_max_norm(1);
    h.set_no_max_norm(true);
  });
  for (const size_t size : {129U, 100'000U}) {
    refused(absl::StrCat("header.upload_id: ", size, " bytes, want at most"),
            [=](auto& h) { h.set_upload_id(std::string(size, 'u')); });
  }
  refused("end: missing, want it of an import with an upload_id",
          [](auto& h) { h.set_upload_id("mine"); });
  ExpectRefusedAll("no spec", {[] {
                     pb::ImportTableRequest message;
                     message.mutable_header();
                     return message;
                   }()},
                   kInvalid, "name: 0 characters");
}

// An element that cannot be stored is named by row and column.
TEST_F(BadImports, ElementsThatTheTypeCannotHold) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const struct {
    pb::DType dtype;
    std::vector<float> elements;
  } cases[] = {
      {pb::DTYPE_FLOAT16, {65'520, -65'520, 1e38F}},
      {pb::DTYPE_BFLOAT16, {3.4e38F, -3.4e38F}},
      {pb::DTYPE_INT8_ROWWISE, {nan, infinity, -infinity}},
      {pb::DTYPE_INT4_ROWWISE, {nan, infinity, -infinity, 1e38F, 1e9F}},
  };
  for (const auto& c : cases) {
    for (const float element : c.elements) {
      for (const size_t place : {0U, 3U, 7U}) {
        std::vector<float> rows(8);
        rows[place] = element;
        std::string bytes(sizeof(float) * rows.size(), '\0');
        std::memcpy(bytes.data(), rows.data(), bytes.size());
        ExpectRefusedAll(
            absl::StrCat(c.dtype, " ", element, " at ", place),
            {Header([&](auto& h) { h.mutable_spec()->set_dtype(c.dtype); }),
             Data(0, bytes)},
            kInvalid,
            absl::StrCat("row ", place / 2, ", column ", place % 2, ": "));
      }
    }
  }
}

TEST_F(BadImports, UploadsThatAreNotKept) {
  for (const std::string& id :
       {std::string(), std::string("nobody"), std::string(100'000, 'u')}) {
    pb::GetImportRequest request;
    request.set_upload_id(id);
    ExpectRefused(id.substr(0, 20),
                  Call(admin(), &pb::TableAdmin::Stub::GetImport, request),
                  StatusCode::kNotFound, "upload \"" + id.substr(0, 64));
  }
}

}  // namespace
}  // namespace emb
