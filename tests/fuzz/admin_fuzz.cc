// Any bytes as a message of the control plane: read, converted, validated, and
// planned as far as the store. Whatever spec is taken, the store must be able
// to write down and read again; whatever update is taken, its table has its
// size.
//
//   ./dev test --fuzz
//
// The first byte chooses the message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/fill.h"
#include "server/applied_requests.h"
#include "server/memory_budget.h"
#include "server/proto_convert.h"
#include "server/reclaimer.h"
#include "server/registry.h"
#include "server/upsert_group.h"
#include "storage/manifest.h"
#include "tests/testing/make_table.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

void Check(bool holds) {
  if (!holds) std::abort();
}

// What TableManager makes of a spec before it allocates anything.
void CheckSpecIsKept(const TableSpec& given) {
  const auto spec = MakeTableSpec(given);
  if (!spec.ok()) return;
  VersionRecord record;
  record.spec = *spec;
  record.version = 1;
  record.generation = 1;
  record.chunk_rows = ChunkRows(spec->row_bytes());
  Check(record.num_chunks() >= 1);
  Check(Table::MemoryBytes(spec->num_rows, spec->row_bytes()) > 0);
  const auto stored = EncodeReadableRecord(record);
  Check(stored.ok());
  Check(DecodeVersionRecord(*stored)->spec.padding_idx == spec->padding_idx);
}

void CheckCreate(const pb::CreateTableRequest& request) {
  const auto spec = CreateSpecFromProto(request.spec());
  if (spec.ok()) CheckSpecIsKept(*spec);
}

void CheckImport(const pb::ImportTableRequest& request) {
  const auto import = ImportRequestFromProto(request.header());
  if (!import.ok()) return;
  CheckSpecIsKept(import->spec);
  TableSpec before;
  before.name = import->spec.name;
  before.padding_idx = 5;
  before.max_norm = 1;
  CheckSpecIsKept(SpecOfNextVersion(*import, before));
}

// Tables `item` and `user`, of 9 rows of 3 and of 2, row 7 padding.
class Tables {
 public:
  Tables() {
    registry_.Apply(1, {{"item", Make("item", 3)}, {"user", Make("user", 2)}});
    registry_.set_phase(Phase::kServing);
  }

  void CheckUpsert(const pb::UpsertRowsRequest& proto) {
    const UpsertRequest request = UpsertFromProto(proto);
    Check(FingerprintOf(request) == FingerprintOf(UpsertFromProto(proto)));
    const auto snapshot = registry_.snapshot();
    UpsertGroup group(*snapshot, {reclaimer_, budget_, fold_targets_});
    const auto results = group.Add(request);
    Check(group.empty() == !results.ok());
    if (!results.ok()) return;
    Check(results->size() == request.updates.size());
    Check(group.MakeEdit().replace.size() == request.updates.size());
    const std::vector<Registry::Change> changes = std::move(group).Apply();
    for (const Registry::Change& change : changes) {
      Check(change.current->record.revision ==
            snapshot->tables.at(change.name)->record.revision + 1);
      Check(change.current->rows->num_rows() == 9);
    }
    // Rows are updated from the newest ones only.
    registry_.Apply(snapshot->epoch + 1, changes);
  }

 private:
  static TablePtr Make(const std::string& name, int64_t dim) {
    auto table = std::make_shared<ServedTable>();
    table->record.spec.name = name;
    table->record.spec.num_rows = 9;
    table->record.spec.dim = dim;
    table->record.spec.padding_idx = 7;
    table->record.version = 1;
    table->rows = MakeCountingTable(9, dim);
    return table;
  }

  MemoryBudget budget_{int64_t{1} << 30};
  Reclaimer reclaimer_;
  const FoldTargets fold_targets_;
  Registry registry_;
};

template <typename Message, typename Function>
void IfParsed(absl::string_view bytes, const Function& function) {
  Message message;
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    function(message);
  }
}

void Run(absl::string_view bytes) {
  static auto* const tables = new Tables;
  if (bytes.empty()) return;
  const absl::string_view rest = bytes.substr(1);
  switch (bytes[0]) {
    case 0:
      return IfParsed<pb::CreateTableRequest>(rest, CheckCreate);
    case 1:
      return IfParsed<pb::ImportTableRequest>(rest, CheckImport);
    case 2:
      return IfParsed<pb::UpsertRowsRequest>(
          rest, [](const auto& request) { tables->CheckUpsert(request); });
    default:
      return;
  }
}

}  // namespace
}  // namespace emb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  emb::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
