// What the readers of client/formats make of bytes in memory.
#ifndef EMB_TESTS_UNIT_CLIENT_FORMATS_READ_ROWS_H_
#define EMB_TESTS_UNIT_CLIENT_FORMATS_READ_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/formats/byte_source.h"
#include "client/formats/format.h"
#include "client/formats/table_file.h"

namespace emb {

struct ReadTable {
  Format format = Format::kNpy;
  int64_t rows = 0;
  int64_t dim = 0;
  std::vector<float> values;
  std::vector<std::string> tokens;
  ConversionTally tally;
};

// Reads all elements, `step` at a time.
inline absl::StatusOr<ReadTable> ReadAllRows(const std::string& bytes,
                                             ReadOptions options = {},
                                             size_t step = 1000) {
  ReadTable table;
  if (options.tokens) {
    options.tokens = [&table](int64_t, absl::string_view token) {
      table.tokens.emplace_back(token);
      return absl::OkStatus();
    };
  }
  auto opened = OpenTable(std::make_shared<MemoryBytes>(bytes), options);
  if (!opened.ok()) return opened.status();
  table.format = opened->format;
  table.rows = opened->rows->num_rows();
  table.dim = opened->rows->dim();
  std::vector<float> part(step);
  for (;;) {
    const auto count = opened->rows->Read(absl::MakeSpan(part));
    if (!count.ok()) return count.status();
    if (*count == 0) break;
    table.values.insert(table.values.end(), part.begin(),
                        part.begin() + static_cast<std::ptrdiff_t>(*count));
  }
  table.tally = opened->rows->tally();
  return table;
}

// For ReadOptions.tokens: ReadAllRows keeps them.
inline absl::Status WantTokens(int64_t, absl::string_view) {
  return absl::OkStatus();
}

// Equal bits, so that NaN is equal to itself and -0 is not 0.
inline bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace emb

#endif  // EMB_TESTS_UNIT_CLIENT_FORMATS_READ_ROWS_H_
