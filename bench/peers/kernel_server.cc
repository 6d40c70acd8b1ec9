// The gather and bag kernels of core, one thread, when told to: kernels.py
// lets them and PyTorch take turns.
//
//   kernel_peer IDS_FILE
//
// IDS_FILE holds int64 ids; the table is 1,000,000 x 64 float32, where row r
// is r % 4,096 + column / 64. Each line of the input, "gather MILLISECONDS" or
// "bag MILLISECONDS", gives a line "NS_PER_ROW SUM": SUM adds up what the
// first batch gave, exactly. A batch is 8,192 ids, or 256 bags of 32, summed.
//
// Fair: ids are checked against the table, as PyTorch does.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "bench/peers/peer.h"
#include "core/absent_ids.h"
#include "core/gather.h"
#include "core/pooling.h"
#include "core/table.h"

namespace emb::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBatchIds = 8'192;
constexpr int64_t kIdsPerBag = 32;

std::unique_ptr<const Table> MakeTable() {
  TableBuilder builder(kNumRows, {DType::kFloat32, kDim});
  std::vector<float> row(kDim);
  for (int64_t i = 0; i < kNumRows; ++i) {
    for (int64_t column = 0; column < kDim; ++column) {
      row[column] = static_cast<float>(i % 4'096) +
                    static_cast<float>(column) / static_cast<float>(kDim);
    }
    std::memcpy(builder.mutable_row(i).data(), row.data(), kRowBytes);
  }
  return builder.Build();
}

std::vector<int64_t> ReadIds(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  std::vector<int64_t> ids(static_cast<size_t>(file.tellg()) / sizeof(int64_t));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(ids.data()),
            static_cast<std::streamsize>(ids.size() * sizeof(int64_t)));
  return ids;
}

class Kernels {
 public:
  explicit Kernels(std::vector<int64_t> ids)
      : table_(MakeTable()), ids_(std::move(ids)) {}

  bool valid() const { return ids_.size() >= kBatchIds; }

  // Batch after batch, for `milliseconds`: "NS_PER_ROW SUM".
  std::string Measure(bool bag, int milliseconds) {
    std::vector<float>& out = bag ? bags_ : gathered_;
    if (!Run(0, out, bag)) return "an id has no row";
    double sum = 0;
    for (const float value : out) sum += value;
    const auto start = Clock::now();
    const auto end = start + std::chrono::milliseconds(milliseconds);
    int64_t num_rows = 0;
    auto now = start;
    for (size_t first = 0; now < end; now = Clock::now()) {
      if (!Run(first, out, bag)) return "an id has no row";
      num_rows += kBatchIds;
      first += kBatchIds;
      if (first + kBatchIds > ids_.size()) first = 0;
    }
    const double ns =
        std::chrono::duration<double, std::nano>(now - start).count();
    return absl::StrFormat("%.4f %.17g", ns / static_cast<double>(num_rows),
                           sum);
  }

 private:
  // The batch that begins at id `first`; false: an id has no row.
  bool Run(size_t first, std::vector<float>& out, bool bag) {
    const auto ids = absl::MakeConstSpan(ids_).subspan(first, kBatchIds);
    if (FindIdOutside(ids, kNumRows, {}).has_value()) return false;
    const absl::Span<std::byte> bytes(reinterpret_cast<std::byte*>(out.data()),
                                      out.size() * sizeof(float));
    const AbsentIds absent(kNumRows);
    if (bag) {
      PoolBags(*table_, PoolMode::kSum, {ids, lengths_, {}}, absent, bytes);
    } else {
      GatherRows(*table_, ids, absent, RowsAs::kFloat32, bytes);
    }
    return true;
  }

  const std::unique_ptr<const Table> table_;
  const std::vector<int64_t> ids_;
  const std::vector<int64_t> lengths_ =
      std::vector<int64_t>(kBatchIds / kIdsPerBag, kIdsPerBag);
  std::vector<float> gathered_ = std::vector<float>(kBatchIds * kDim);
  std::vector<float> bags_ = std::vector<float>(lengths_.size() * kDim);
};

}  // namespace
}  // namespace emb::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: kernel_peer IDS_FILE\n";
    return 2;
  }
  emb::bench::Kernels kernels(emb::bench::ReadIds(argv[1]));
  if (!kernels.valid()) {
    std::cerr << "kernel_peer: " << argv[1] << ": no ids\n";
    return 1;
  }
  std::string kernel;
  int milliseconds = 0;
  while (std::cin >> kernel >> milliseconds) {
    std::cout << kernels.Measure(kernel == "bag", milliseconds) << std::endl;
  }
}
