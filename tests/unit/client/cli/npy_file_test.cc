#include "client/cli/npy_file.h"

#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "client/formats/table_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"
#include "tests/unit/client/cli/npy_bytes.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

const std::vector<float> kValues = {1, 2, 3, 4, 5, 6};

std::string Npy(const std::string& descr, const std::string& shape,
                const std::string& elements, bool fortran_order = false) {
  return NpyHead(NpyDict(descr, shape, fortran_order)) + elements;
}

TEST(ReadIdsFile, NamesAFileThatCannotBeRead) {
  const TempDir dir;
  EXPECT_THAT(
      ReadIdsFile(dir / "none.npy"),
      StatusIs(StatusCode::kNotFound,
               AllOf(HasSubstr(dir / "none.npy"), HasSubstr("no such file"))));
  EXPECT_THAT(ReadIdsFile(dir.path()),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("a directory, want a file")));
}

TEST(ReadIdsFile, ReadsBothWidthsOfAnyShape) {
  const TempDir dir;
  const std::string path = dir / "ids.npy";
  const std::vector<int32_t> narrow = {1, -2, 2147483647, 0};
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  const std::vector<int64_t> wide = {1, -2, kMin, 0};
  const struct {
    std::string bytes;
    std::vector<int64_t> shape;
    std::vector<int64_t> ids;
  } cases[] = {
      {Npy("'<i4'", "(2, 2)", BytesOf(narrow)), {2, 2}, {1, -2, 2147483647, 0}},
      {Npy("'<i8'", "(4,)", BytesOf(wide)), {4}, wide},
      {Npy("'<i8'", "()", BytesOf<int64_t>({7})), {}, {7}},
      {Npy("'<i4'", "(2, 0)", ""), {2, 0}, {}},
      {Npy("'<i8'", "(0,)", ""), {0}, {}},
      // With one axis the order means nothing.
      {Npy("'<i8'", "(4,)", BytesOf(wide), true), {4}, wide},
  };
  for (const auto& c : cases) {
    WriteFile(path, c.bytes);
    EMB_ASSERT_OK_AND_ASSIGN(const IdsFile file, ReadIdsFile(path));
    EXPECT_EQ(file.shape, c.shape);
    EXPECT_EQ(file.ids, c.ids);
  }
}

TEST(ReadIdsFile, RefusesOtherTypesAndOrders) {
  const std::string bytes(32, '\0');
  const struct {
    std::string bytes;
    std::string complaint;
  } cases[] = {
      {Npy("'<f4'", "(8,)", bytes), "float32 (<f4), want int32 (<i4) or int64"},
      {Npy("'<u4'", "(8,)", bytes), "uint32 (<u4), want int32"},
      {Npy("'>i8'", "(4,)", bytes), "big-endian int64 (>i8), want int32"},
      {Npy("'<i2'", "(16,)", bytes), "int16 (<i2), want int32"},
      {Npy("'<i8'", "(2, 2)", bytes, true), "Fortran order, want C order"},
      {Npy("'<i8'", "(5,)", bytes), "truncated: 32 bytes of elements, want 40"},
      {"1 2 3\n", "not a .npy file but text"},
  };
  const TempDir dir;
  const std::string path = dir / "ids.npy";
  for (const auto& c : cases) {
    WriteFile(path, c.bytes);
    EXPECT_THAT(ReadIdsFile(path), StatusIs(StatusCode::kInvalidArgument,
                                            AllOf(HasSubstr("\"" + path),
                                                  HasSubstr(c.complaint))));
  }
}

TEST(WriteFloatFile, WritesWhatTableFileReads) {
  const TempDir dir;
  const std::string path = dir / "rows.npy";
  WriteFile(path, std::string(1'000, 'x'));  // To be replaced.
  EMB_ASSERT_OK(WriteFloatFile(path, {3, 2}, kValues));
  EMB_ASSERT_OK_AND_ASSIGN(TableFile file, TableFile::Open(path));
  EXPECT_EQ(file.num_rows(), 3);
  EXPECT_EQ(file.dim(), 2);
  std::vector<std::byte> bytes(100);
  EXPECT_THAT(file.Read(absl::MakeSpan(bytes)), IsOkAndHolds(24U));
  EXPECT_EQ(std::memcmp(bytes.data(), kValues.data(), 24), 0);
  EMB_EXPECT_OK(WriteFloatFile(path, {}, {1.F}));
  EMB_EXPECT_OK(WriteFloatFile(path, {0, 2}, {}));
}

TEST(WriteFloatFile, SaysWhereItCannotWrite) {
  const TempDir dir;
  EXPECT_THAT(WriteFloatFile(dir.path(), {3, 2}, kValues),
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(dir.path()),
                             HasSubstr("cannot be written: Is a directory"))));
  EXPECT_THAT(WriteFloatFile(dir / "none/rows.npy", {3, 2}, kValues),
              StatusIs(StatusCode::kNotFound, HasSubstr("No such file")));
  EXPECT_THAT(
      WriteFloatFile("/dev/full", {3, 2}, kValues),
      StatusIs(StatusCode::kResourceExhausted, HasSubstr("No space left")));
}

}  // namespace
}  // namespace emb
