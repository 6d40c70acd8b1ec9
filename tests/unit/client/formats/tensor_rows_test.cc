#include "client/formats/tensor_rows.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/cli/npy_bytes.h"
#include "tests/unit/client/formats/read_rows.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

// Has no random access and remembers whether it was used all the same.
class InOrderBytes final : public ByteSource {
 public:
  explicit InOrderBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  int64_t size_bytes() const override { return bytes_.size_bytes(); }
  bool random_access() const override { return false; }
  absl::Status ReadAt(int64_t offset, absl::Span<std::byte> out) override {
    if (offset != next_) return absl::InternalError("out of order");
    next_ = offset + static_cast<int64_t>(out.size());
    return bytes_.ReadAt(offset, out);
  }

 private:
  MemoryBytes bytes_;
  int64_t next_ = 0;
};

absl::StatusOr<std::vector<float>> ReadAll(TensorPlace place, size_t step) {
  auto rows = OpenTensor(std::move(place));
  if (!rows.ok()) return rows.status();
  std::vector<float> all;
  std::vector<float> part(step);
  for (;;) {
    const auto count = (*rows)->Read(absl::MakeSpan(part));
    if (!count.ok()) return count.status();
    if (*count == 0) return all;
    all.insert(all.end(), part.begin(),
               part.begin() + static_cast<std::ptrdiff_t>(*count));
  }
}

// Against the definition, over shapes and strides that torch can make.
TEST(OpenTensor, ReadsAnyStrides) {
  std::vector<float> values(200'000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const std::string bytes = BytesOf(values);
  const struct {
    int64_t rows, dim, row_stride, column_stride, offset;
  } cases[] = {
      {26, 32, 32, 1, 0},        {26, 32, 1, 26, 0},
      {26, 32, 1, 26, 7},        {300, 500, 500, 1, 0},
      {300, 500, 1, 300, 0},     {7, 5, 100, 3, 11},
      {7, 5, 3, 100, 11},        {10, 4, 0, 1, 3},
      {10, 4, 1, 0, 3},          {5, 5, 0, 0, 9},
      {1, 6, 999, 1, 2},         {6, 1, 1, 999, 2},
      {3, 2, 60'000, 30'000, 0}, {2, 3, 30'000, 60'000, 0},
      {1, 1, 0, 0, 199'999},     {100, 2, 1, 1, 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(ShapeText({c.rows, c.dim, c.row_stride, c.column_stride}));
    std::vector<float> want;
    for (int64_t i = 0; i < c.rows * c.dim; ++i) {
      const int64_t at =
          c.offset + i / c.dim * c.row_stride + i % c.dim * c.column_stride;
      want.push_back(values[static_cast<size_t>(at)]);
    }
    for (const size_t step : {7, 100'000}) {
      EXPECT_THAT(ReadAll({.bytes = std::make_shared<MemoryBytes>(bytes),
                           .offset_bytes = c.offset * 4,
                           .shape = {c.rows, c.dim},
                           .strides = {c.row_stride, c.column_stride}},
                          step),
                  IsOkAndHolds(want));
    }
  }
}

// More than one block of rows, in an order that no block holds as a whole.
TEST(OpenTensor, ReadsTransposedTablesInBlocks) {
  constexpr int64_t kRows = 9'000;
  constexpr int64_t kDim = 1'000;
  std::string bytes(kRows * kDim * 8, '\0');
  auto* const values = reinterpret_cast<double*>(bytes.data());
  for (int64_t i = 0; i < kRows * kDim; ++i) {
    values[i] = static_cast<double>(i);
  }
  EMB_ASSERT_OK_AND_ASSIGN(
      const std::vector<float> got,
      ReadAll({.bytes = std::make_shared<MemoryBytes>(std::move(bytes)),
               .type = SourceType::kFloat64,
               .shape = {kRows, kDim},
               .strides = {1, kRows}},
              kRows));
  ASSERT_EQ(got.size(), static_cast<size_t>(kRows * kDim));
  for (int64_t i = 0; i < kRows * kDim; i += 997) {
    EXPECT_EQ(got[static_cast<size_t>(i)],
              static_cast<float>(i / kDim + i % kDim * kRows));
  }
}

TEST(OpenTensor, CopiesWhatHasNoRandomAccess) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  for (const bool transposed : {false, true}) {
    std::vector<int64_t> strides = {3, 1};
    if (transposed) strides = {1, 2};
    EXPECT_THAT(
        ReadAll({.bytes = std::make_shared<InOrderBytes>(BytesOf(values)),
                 .shape = {2, 3},
                 .strides = strides},
                100),
        IsOkAndHolds(transposed ? std::vector<float>{1, 3, 5, 2, 4, 6}
                                : values));
  }
}

TEST(OpenTensor, RefusesWhatReachesPastTheBytes) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const struct {
    std::vector<int64_t> shape;
    std::vector<int64_t> strides;
    int64_t offset_bytes;
  } cases[] = {
      {{2, 3}, {3, 1}, 4},         {{2, 3}, {4, 1}, 0},
      {{2, 3}, {kMax, 1}, 0},      {{2, 3}, {kMax / 4, kMax / 4}, 0},
      {{2, 3}, {3, 1}, kMax - 10}, {{int64_t{1} << 40, 4}, {0, 2}, 8},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(
        OpenTensor(
            {.bytes = std::make_shared<MemoryBytes>(std::string(24, '\0')),
             .offset_bytes = c.offset_bytes,
             .shape = c.shape,
             .strides = c.strides}),
        StatusIs(StatusCode::kInvalidArgument, HasSubstr("truncated: shape")));
  }
}

}  // namespace
}  // namespace emb
