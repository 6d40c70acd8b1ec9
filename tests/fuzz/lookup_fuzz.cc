// Any bytes as a lookup request: decoded, planned and answered, and compared
// with what the generated class makes of them.
//
//   ./dev test --fuzz
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "embedding/v1/lookup.pb.h"
#include "server/lookup_answer.h"
#include "tests/testing/lookup_proto.h"
#include "tests/testing/make_table.h"
#include "tests/testing/wire_lookup.h"

namespace emb {
namespace {

// A table `item` of 100 rows of 3, row 7 padding.
std::unique_ptr<Registry> MakeRegistry() {
  auto table = std::make_shared<ServedTable>();
  table->record.spec.name = "item";
  table->record.spec.num_rows = 100;
  table->record.spec.dim = 3;
  table->record.spec.padding_idx = 7;
  table->record.version = 1;
  table->rows = MakeCountingTable(100, 3);
  auto registry = std::make_unique<Registry>();
  registry->Apply(1, {{"item", table}});
  registry->set_phase(Phase::kServing);
  return registry;
}

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckDecoding(const std::string& bytes, const DecodedLookup& decoded) {
  embedding::v1::LookupRequest parsed;
  Check(parsed.ParseFromString(bytes));
  parsed.DiscardUnknownFields();
  Check(SerialisedAgain(decoded.view()) == parsed.SerializeAsString());
}

void CheckAnswer(const grpc::ByteBuffer& answer) {
  embedding::v1::LookupResponse response;
  const std::string bytes = BytesOf(answer);
  Check(response.ParseFromString(bytes));
  Check(response.SerializeAsString() == bytes);
}

void Run(const std::string& bytes) {
  static const std::unique_ptr<Registry> registry = MakeRegistry();
  Limits limits;
  limits.answer_bytes_max = 1 << 20;  // So that a run is short.
  auto decoded = DecodedLookup::Decode(ToWire(bytes), limits);
  if (!decoded.ok()) return;
  CheckDecoding(bytes, **decoded);
  const auto answer =
      LookupAnswer::Make(*registry, limits, *std::move(decoded));
  if (answer.ok()) CheckAnswer((*answer)->Whole());
}

}  // namespace
}  // namespace emb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  emb::Run(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
