// Any bytes as a table file, by the reader of one format (EMB_FUZZ_FORMAT) or,
// if that is empty, the one that they are recognised as. What opens is read to
// its end, by steps of two sizes, with the same result.
//
//   ./dev test --fuzz
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/formats/byte_source.h"
#include "client/formats/table_file.h"

namespace emb {
namespace {

// Views may repeat their elements: a few bytes can be a table of any size.
constexpr size_t kFloatsMax = size_t{1} << 20;

void Check(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  absl::Status status;
  int64_t rows = 0;
  int64_t dim = 0;
  std::vector<float> values;
  int64_t num_tokens = 0;
};

Outcome ReadAll(const std::string& bytes, const ReadOptions& options,
                size_t step) {
  Outcome outcome;
  ReadOptions counting = options;
  if (options.tokens) {
    counting.tokens = [&outcome](int64_t row, absl::string_view token) {
      Check(row == outcome.num_tokens++ && !token.empty());
      return absl::OkStatus();
    };
  }
  auto opened = OpenTable(std::make_shared<MemoryBytes>(bytes), counting);
  outcome.status = opened.status();
  if (!opened.ok()) return outcome;
  outcome.rows = opened->rows->num_rows();
  outcome.dim = opened->rows->dim();
  std::vector<float> part(step);
  while (outcome.values.size() < kFloatsMax) {
    const auto count = opened->rows->Read(absl::MakeSpan(part));
    outcome.status = count.status();
    if (!count.ok() || *count == 0) break;
    Check(*count <= step);
    outcome.values.insert(outcome.values.end(), part.begin(),
                          part.begin() + static_cast<std::ptrdiff_t>(*count));
  }
  return outcome;
}

// The floats that both have.
bool BeginAlike(const std::vector<float>& a, const std::vector<float>& b) {
  const size_t count = std::min(a.size(), b.size());
  return std::memcmp(a.data(), b.data(), count * sizeof(float)) == 0;
}

void Run(const std::string& bytes) {
  ReadOptions options;
  options.format = EMB_FUZZ_FORMAT;
  if (options.format == "raw") {
    options.rows = static_cast<int64_t>(bytes.size() / 8);
    options.dim = 2;
  }
  const Outcome whole = ReadAll(bytes, options, 4096);
  Check(whole.status.ok() ||
        whole.status.code() == absl::StatusCode::kInvalidArgument ||
        whole.status.code() == absl::StatusCode::kDataLoss);
  if (whole.status.ok() && whole.values.size() < kFloatsMax) {
    Check(whole.rows * whole.dim == static_cast<int64_t>(whole.values.size()));
  }
  if (whole.values.size() > 4096) return;  // So that a run is short.
  options.tokens = [](int64_t, absl::string_view) { return absl::OkStatus(); };
  const Outcome steps = ReadAll(bytes, options, 3);
  // It may be refused for having no words.
  if (steps.rows > 0) Check(BeginAlike(whole.values, steps.values));
}

}  // namespace
}  // namespace emb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  emb::Run(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
