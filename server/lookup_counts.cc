#include "server/lookup_counts.h"

#include <bitset>

#include "core/absent_ids.h"

namespace emb {
namespace {

int64_t CountBits(const std::vector<uint8_t>& bits) {
  size_t count = 0;
  for (const uint8_t byte : bits) count += std::bitset<8>(byte).count();
  return static_cast<int64_t>(count);
}

}  // namespace

void CountFeatures(const LookupView& request, const LookupPlan& plan,
                   const Snapshot& snapshot) {
  for (size_t i = 0; i < plan.size(); ++i) {
    if (!plan[i].ok()) continue;
    const TableSpec& spec = plan[i]->table->record.spec;
    const LookupFeature& feature = request.features[i];
    snapshot.CountersOf(spec.name).CountLookup(
        {.all = feature.num_ids(),
         .padding = CountIds(feature.ids, feature.padding_id, spec.padding_idx),
         .missing = CountBits(plan[i]->missing)});
  }
}

}  // namespace emb
