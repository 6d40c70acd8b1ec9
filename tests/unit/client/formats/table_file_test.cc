#include "client/formats/table_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

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

const std::string kGolden = std::string(EMB_GOLDEN_FORMATS_DIR) + "/";

// All element bytes, read in steps of `step`.
absl::StatusOr<std::string> ReadAll(TableFile& file, size_t step) {
  std::string all;
  std::string buffer(step, '\0');
  for (;;) {
    const auto count =
        file.Read({reinterpret_cast<std::byte*>(buffer.data()), step});
    if (!count.ok()) return count.status();
    if (*count == 0) return all;
    all.append(buffer, 0, *count);
  }
}

std::string FloatNpy(int64_t rows, const std::vector<float>& values) {
  return NpyHead(NpyDict("'<f4'", "(" + std::to_string(rows) + ", 1)")) +
         BytesOf(values);
}

TEST(TableFile, ReadsTheElementsInParts) {
  const TempDir dir;
  const std::string path = dir / "table.npy";
  const std::vector<float> values = {1, 2, 3, 4, 5};
  WriteFile(path, FloatNpy(5, values));
  for (const size_t step : {1, 5, 20, 100}) {
    EMB_ASSERT_OK_AND_ASSIGN(TableFile file, TableFile::Open(path));
    EXPECT_EQ(file.num_rows(), 5);
    EXPECT_EQ(file.dim(), 1);
    EXPECT_EQ(file.format(), "npy");
    EXPECT_THAT(ReadAll(file, step), IsOkAndHolds(BytesOf(values)));
    EXPECT_EQ(DescribeConversion(file), "");
  }
}

TEST(TableFile, NamesAFileThatCannotBeOpened) {
  const TempDir dir;
  EXPECT_THAT(
      TableFile::Open(dir / "none.npy"),
      StatusIs(StatusCode::kNotFound,
               AllOf(HasSubstr(dir / "none.npy"), HasSubstr("no such file"))));
  EXPECT_THAT(TableFile::Open(""), StatusIs(StatusCode::kNotFound));
  const std::string secret = dir / "secret.npy";
  WriteFile(secret, "");
  chmod(secret.c_str(), 0);
  if (geteuid() == 0) return;  // Root may read it all the same.
  EXPECT_THAT(TableFile::Open(secret),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr(secret)));
}

// A pipe has no size to check, and opening it would wait for a writer.
TEST(TableFile, RefusesWhatIsNoRegularFile) {
  const TempDir dir;
  const std::string pipe = dir / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto refused = [](const std::string& complaint) {
    return StatusIs(StatusCode::kInvalidArgument, HasSubstr(complaint));
  };
  EXPECT_THAT(TableFile::Open(pipe), refused("a pipe or device"));
  EXPECT_THAT(TableFile::Open("/dev/null"),
              refused("\"/dev/null\": a pipe or device"));
  EXPECT_THAT(TableFile::Open(dir.path()), refused("a directory, want a file"));
  const std::string path = dir / "socket";
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
            0);
  EXPECT_THAT(TableFile::Open(path), refused("a socket or device"));
  close(fd);
}

// Whatever happens to it, what was read must not be a mixture.
TEST(TableFile, ReportsAFileThatIsChangedMeanwhile) {
  const TempDir dir;
  const std::string path = dir / "table.npy";
  const std::vector<float> values(2'000'000, 1.F);
  const auto changed_by = [&](auto change) {
    WriteFile(path, FloatNpy(2'000'000, values));
    std::filesystem::last_write_time(
        path,
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    auto file = TableFile::Open(path);
    EMB_EXPECT_OK(file);
    std::vector<std::byte> buffer(8);
    EMB_EXPECT_OK(file->Read(absl::MakeSpan(buffer)));
    change();
    return ReadAll(*file, 1 << 20);
  };
  const auto lost = [&](const std::string& complaint) {
    return StatusIs(StatusCode::kDataLoss,
                    AllOf(HasSubstr(path), HasSubstr(complaint)));
  };
  EXPECT_THAT(changed_by([&] { std::filesystem::resize_file(path, 100'000); }),
              lost("changed"));
  EXPECT_THAT(changed_by([&] { std::filesystem::resize_file(path, 1 << 24); }),
              lost("changed while it was read"));
  EXPECT_THAT(changed_by([&] {
                std::fstream(path, std::ios::in | std::ios::out) << "x";
              }),
              lost("changed while it was read"));
  // Another file of the same name is not this one.
  EXPECT_THAT(changed_by([&] {
                WriteFile(path + "2", "x");
                std::filesystem::rename(path + "2", path);
              }),
              IsOkAndHolds(BytesOf(values).substr(8)));
}

nlohmann::json Expectations(const std::string& path) {
  return nlohmann::json::parse(ReadFile(path), nullptr, false);
}

// Files of many programs; import_formats checks the values of all.
TEST(TableFile, ReadsTheTablesOfRealFilesAndNoOther) {
  const std::string want = ReadFile(kGolden + "genre_raw_f32.bytes");
  ASSERT_EQ(want.size(), 26U * 32 * sizeof(float));
  const auto expect = Expectations(kGolden + "expect.json");
  ASSERT_TRUE(expect.is_object());
  const std::string want_sha = expect["genre_f32.npy"]["sha256_f32le"];
  int num_read = 0;
  for (const auto& [name, what] : expect.items()) {
    SCOPED_TRACE(name);
    ReadOptions options;
    if (what.contains("tensors")) options.tensor = "f32";
    if (what.contains("member")) options.tensor = what["member"];
    if (name == "genre_raw_f32.bytes") {
      options.rows = 26;
      options.dim = 32;
    }
    auto file = TableFile::Open(kGolden + name, options);
    if (!what["table_2d"].get<bool>()) {
      EXPECT_THAT(file, StatusIs(StatusCode::kInvalidArgument,
                                 HasSubstr("\"" + kGolden + name + "\": ")));
      continue;
    }
    EMB_ASSERT_OK(file);
    EXPECT_EQ(file->num_rows(), 26);
    EXPECT_EQ(file->dim(), 32);
    EMB_ASSERT_OK_AND_ASSIGN(const std::string got, ReadAll(*file, 1'000));
    if (what.value("sha256_f32le", want_sha) == want_sha) {
      EXPECT_EQ(got, want);
    }
    ++num_read;
  }
  EXPECT_EQ(num_read, 20);
  EXPECT_EQ(expect.size(), 38U);
}

TEST(DescribeConversion, SaysWhatWasLost) {
  const TempDir dir;
  const std::string path = dir / "table.npy";
  WriteFile(path, NpyHead(NpyDict("'<f8'", "(2, 2)")) +
                      BytesOf<double>({1, 2, 16777217, std::nan("")}));
  EMB_ASSERT_OK_AND_ASSIGN(TableFile file, TableFile::Open(path));
  EMB_ASSERT_OK(ReadAll(file, 100));
  EXPECT_EQ(DescribeConversion(file),
            "float64: 1 values rounded to float32, largest error 1 at row 1, "
            "column 0; 1 NaN");
  WriteFile(path, NpyHead(NpyDict("'|i1'", "(1, 2)")) + "ab");
  EMB_ASSERT_OK_AND_ASSIGN(TableFile bytes, TableFile::Open(path));
  EMB_ASSERT_OK(ReadAll(bytes, 100));
  EXPECT_EQ(DescribeConversion(bytes), "int8: exact in float32");
}

}  // namespace
}  // namespace emb
