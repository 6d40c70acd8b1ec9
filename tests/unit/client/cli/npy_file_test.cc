#include "client/cli/npy_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
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

// All element bytes, read in steps of `step`.
std::string ReadAll(NpyFile& file, size_t step) {
  std::string all;
  std::string buffer(step, '\0');
  for (;;) {
    const auto count =
        file.Read({reinterpret_cast<std::byte*>(buffer.data()), step});
    EMB_EXPECT_OK(count);
    if (!count.ok() || *count == 0) return all;
    all.append(buffer, 0, *count);
  }
}

TEST(OpenTableFile, ReadsTheElementsInParts) {
  const TempDir dir;
  const std::string path = dir / "table.npy";
  WriteFile(path, Npy("'<f4'", "(2, 3)", BytesOf(kValues)));
  for (const size_t step : {1, 5, 24, 100}) {
    EMB_ASSERT_OK_AND_ASSIGN(NpyFile file, OpenTableFile(path));
    EXPECT_EQ(file.header().shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(file.num_elements(), 6);
    EXPECT_EQ(ReadAll(file, step), BytesOf(kValues));
  }
}

TEST(OpenTableFile, NamesAFileThatIsNotThere) {
  const TempDir dir;
  EXPECT_THAT(
      OpenTableFile(dir / "none.npy"),
      StatusIs(StatusCode::kNotFound,
               AllOf(HasSubstr(dir / "none.npy"), HasSubstr("no such file"))));
  EXPECT_THAT(OpenTableFile(""), StatusIs(StatusCode::kNotFound));
}

// A pipe has no size to check, and opening it would wait for a writer.
TEST(OpenTableFile, RefusesWhatIsNoRegularFile) {
  const TempDir dir;
  const std::string pipe = dir / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(OpenTableFile(pipe), StatusIs(StatusCode::kInvalidArgument,
                                            HasSubstr("a pipe or device")));
  EXPECT_THAT(OpenTableFile("/dev/null"),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("\"/dev/null\": a pipe or device")));
  EXPECT_THAT(OpenTableFile(dir.path()),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("a directory, want a file")));
}

TEST(OpenTableFile, RefusesWhatIsNoTable) {
  const std::string six = BytesOf(kValues);
  const std::string bytes_48(48, '\0');
  const struct {
    std::string name;
    std::string bytes;
    std::string complaint;
  } cases[] = {
      {"empty", "", "an empty file"},
      {"one byte less", Npy("'<f4'", "(2, 3)", six.substr(1)),
       "truncated: 23 bytes of elements, want 24 for shape (2, 3) of float32"},
      {"no elements", Npy("'<f4'", "(2, 3)", ""),
       "truncated: 0 bytes of elements, want 24"},
      {"one byte more", Npy("'<f4'", "(2, 3)", six + "x"),
       "bytes after the elements: 25 bytes of elements, want 24"},
      {"header cut", Npy("'<f4'", "(2, 3)", "").substr(0, 30), "but only"},
      {"float64", Npy("'<f8'", "(2, 3)", bytes_48),
       "float64 (<f8), want float32 (<f4)"},
      {"float16", Npy("'<f2'", "(2, 6)", six), "float16 (<f2), want float32"},
      {"int8", Npy("'|i1'", "(4, 6)", six), "int8 (|i1), want float32"},
      {"int32", Npy("'<i4'", "(2, 3)", six), "int32 (<i4), want float32"},
      {"bool", Npy("'|b1'", "(4, 6)", six), "bool (|b1), want float32"},
      {"big-endian", Npy("'>f4'", "(2, 3)", six),
       "big-endian float32 (>f4), want float32 (<f4)"},
      {"complex", Npy("'<c8'", "(2, 3)", bytes_48), "complex64 (<c8)"},
      {"text", Npy("'<U2'", "(2, 3)", bytes_48), "elements of type \"<U2\""},
      {"objects", Npy("'|O'", "(2, 3)", "pickle"), "Python objects (|O)"},
      {"times", Npy("'<M8[ns]'", "(2, 3)", bytes_48), "type \"<M8[ns]\""},
      {"structured", Npy("[('a', '<f4')]", "(2, 3)", six),
       "structured elements"},
      {"no type", Npy("''", "(2, 3)", six), "elements of type \"\""},
      {"negative width", Npy("'<f-4'", "(2, 3)", six), "type \"<f-4\""},
      {"width beyond 64 bits", Npy("'<U9223372036854775807'", "(2, 3)", six),
       "elements of type \"<U92233"},
      {"Fortran order", Npy("'<f4'", "(2, 3)", six, true),
       "Fortran order, want C order"},
      {"a scalar", Npy("'<f4'", "()", BytesOf<float>({1})),
       "shape (), want two axes (rows, dim)"},
      {"one axis", Npy("'<f4'", "(6,)", six), "shape (6,), want two axes"},
      {"three axes", Npy("'<f4'", "(1, 2, 3)", six), "shape (1, 2, 3), want"},
      {"no rows", Npy("'<f4'", "(0, 3)", ""), "want at least one row"},
      {"no columns", Npy("'<f4'", "(2, 0)", ""), "want at least one row"},
      {"2^64 elements", Npy("'<f4'", "(4294967296, 4294967296)", six),
       "is beyond 2^63"},
      {"2^63 bytes", Npy("'<f4'", "(2147483648, 2147483648)", six),
       "is beyond 2^63 bytes"},
  };
  const TempDir dir;
  const std::string path = dir / "table.npy";
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    WriteFile(path, c.bytes);
    EXPECT_THAT(OpenTableFile(path),
                StatusIs(StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("\"" + path + "\": "),
                               HasSubstr(c.complaint))));
  }
}

TEST(NpyFileRead, ReportsAFileThatShrinks) {
  const TempDir dir;
  const std::string path = dir / "table.npy";
  // More than a stream buffers.
  const std::vector<float> values(50'000, 1.F);
  WriteFile(path, Npy("'<f4'", "(50000, 1)", BytesOf(values)));
  EMB_ASSERT_OK_AND_ASSIGN(NpyFile file, OpenTableFile(path));
  std::vector<std::byte> buffer(200'000);
  EXPECT_THAT(file.Read({buffer.data(), 8}), IsOkAndHolds(8U));
  std::filesystem::resize_file(path, 100'000);
  EXPECT_THAT(file.Read(absl::MakeSpan(buffer)),
              StatusIs(StatusCode::kDataLoss,
                       AllOf(HasSubstr(path), HasSubstr("was it changed?"))));
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
      {Npy("'<u4'", "(8,)", bytes), "elements of type \"<u4\", want int32"},
      {Npy("'>i8'", "(4,)", bytes), "elements of type \">i8\", want int32"},
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

TEST(WriteFloatFile, WritesWhatOpenTableFileReads) {
  const TempDir dir;
  const std::string path = dir / "rows.npy";
  WriteFile(path, std::string(1'000, 'x'));  // To be replaced.
  EMB_ASSERT_OK(WriteFloatFile(path, {3, 2}, kValues));
  EMB_ASSERT_OK_AND_ASSIGN(NpyFile file, OpenTableFile(path));
  EXPECT_EQ(file.header().shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(ReadAll(file, 100), BytesOf(kValues));
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

// Files as NumPy, torch and others write them; see tests/golden/formats.
TEST(OpenTableFile, TakesTheFloat32TablesOfRealFilesAndNoOther) {
  const std::string dir = std::string(EMB_GOLDEN_FORMATS_DIR) + "/";
  const std::string want = ReadFile(dir + "genre_f32.npy").substr(128);
  ASSERT_EQ(want.size(), 26U * 32 * sizeof(float));
  const auto expect =
      nlohmann::json::parse(ReadFile(dir + "expect.json"), nullptr, false);
  ASSERT_TRUE(expect.is_object());
  int num_taken = 0;
  for (const auto& [name, what] : expect.items()) {
    SCOPED_TRACE(name);
    auto file = OpenTableFile(dir + name);
    const bool take = absl::EndsWith(name, ".npy") && what["table_2d"] &&
                      what["dtype"] == "float32" &&
                      !what.value("fortran_order", false);
    if (!take) {
      EXPECT_THAT(file, StatusIs(StatusCode::kInvalidArgument,
                                 HasSubstr("\"" + dir + name + "\": ")));
      continue;
    }
    EMB_ASSERT_OK(file);
    EXPECT_EQ(file->header().shape, what["shape"].get<std::vector<int64_t>>());
    EXPECT_EQ(ReadAll(*file, 1'000), want);
    ++num_taken;
  }
  EXPECT_EQ(num_taken, 3);  // Versions 1.0, 2.0 and 3.0.
  EXPECT_EQ(expect.size(), 38U);
}

}  // namespace
}  // namespace emb
