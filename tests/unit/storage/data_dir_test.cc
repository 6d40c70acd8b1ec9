#include "storage/data_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void WriteFile(const std::string& path, const std::string& text = "x") {
  std::ofstream(path) << text;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(DataDir, CreatesTheDirectoryAndItsParents) {
  const TempDir temp;
  for (const std::string& path : {temp / "a/b/c", temp / "d/"}) {
    EMB_ASSERT_OK_AND_ASSIGN(const auto dir, DataDir::Open(path));
    EXPECT_EQ(dir->path(), path);
    EXPECT_FALSE(dir->has_store());
    EXPECT_EQ(ReadFile(path + "/LOCK"), absl::StrCat(getpid(), "\n"));
  }
}

TEST(DataDir, IsOwnedOnceAndSaysByWhom) {
  const TempDir temp;
  EMB_ASSERT_OK_AND_ASSIGN(auto dir, DataDir::Open(temp.path()));
  EXPECT_THAT(DataDir::Open(temp.path()),
              StatusIs(absl::StatusCode::kUnavailable,
                       absl::StrCat("data_dir \"", temp.path(),
                                    "\": in use by process ", getpid(),
                                    ", want a directory of its own")));
  // The refused one has not released the owner's lock.
  EXPECT_THAT(DataDir::Open(temp.path()),
              StatusIs(absl::StatusCode::kUnavailable));
  dir.reset();
  EMB_EXPECT_OK(DataDir::Open(temp.path()));
}

TEST(DataDir, TakesOverTheLockFileOfADeadProcess) {
  const TempDir temp;
  WriteFile(temp / "LOCK", "123456789012345\n");
  EMB_ASSERT_OK_AND_ASSIGN(const auto dir, DataDir::Open(temp.path()));
  EXPECT_EQ(ReadFile(temp / "LOCK"), absl::StrCat(getpid(), "\n"));
}

TEST(DataDir, RefusesWhatBelongsToSomebodyElse) {
  for (const std::string name :
       {"README", "rocksdb.old", "ROCKSDB", ".hidden", "CURRENT", "lock"}) {
    const TempDir temp;
    WriteFile(temp / name);
    WriteFile(temp / "zzz");
    EXPECT_THAT(DataDir::Open(temp.path()),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr(absl::StrCat(
                             "data_dir \"", temp.path(), "\": holds \"", name,
                             "\" and no store, want an empty directory"))));
    EXPECT_FALSE(fs::exists(temp / "LOCK")) << "wrote to a foreign directory";
  }
}

// A file of the store's name is not a store.
TEST(DataDir, RefusesAFileInTheStoresPlace) {
  const TempDir temp;
  WriteFile(temp / "rocksdb");
  EXPECT_THAT(DataDir::Open(temp.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("holds \"rocksdb\"")));
}

TEST(DataDir, RefusesPathsThatAreNoDirectory) {
  const TempDir temp;
  WriteFile(temp / "file");
  const struct {
    absl::string_view name;
    std::string path;
    absl::StatusCode code;
    absl::string_view complaint;
  } cases[] = {
      {"empty", "", absl::StatusCode::kFailedPrecondition,
       "empty, want a directory"},
      {"a file", temp / "file", absl::StatusCode::kFailedPrecondition,
       "want a directory"},
      {"below a file", temp / "file/data",
       absl::StatusCode::kFailedPrecondition, "want a directory"},
      {"a long name", temp / std::string(300, 'a'),
       absl::StatusCode::kFailedPrecondition, "File name too long"},
      {"a place without files", "/proc/emb-data", absl::StatusCode::kInternal,
       "/proc/emb-data: mkdir"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(DataDir::Open(c.path),
                StatusIs(c.code, HasSubstr(std::string(c.complaint))))
        << c.name;
  }
}

TEST(DataDir, RefusesALockThatIsNoFile) {
  const TempDir temp;
  fs::create_directory(temp / "LOCK");
  EXPECT_THAT(
      DataDir::Open(temp.path()),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("open LOCK")));
  fs::remove(temp / "LOCK");
  WriteFile(temp / "rocksdb.new");
  // A link could make two directories share one lock.
  fs::create_symlink(temp / "rocksdb.new", temp / "LOCK");
  EXPECT_THAT(
      DataDir::Open(temp.path()),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("open LOCK")));
}

TEST(DataDir, RefusesADirectoryItMayNotWrite) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TempDir temp;
  chmod(temp.path().c_str(), 0500);
  EXPECT_THAT(
      DataDir::Open(temp.path()),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("open LOCK")));
  chmod(temp.path().c_str(), 0700);
}

TEST(DataDir, AcceptsItsOwnEntriesAndAFreshFileSystem) {
  const TempDir temp;
  fs::create_directory(temp / "lost+found");
  fs::create_directory(temp / "rocksdb.new");
  WriteFile(temp / "LOCK");
  EMB_ASSERT_OK_AND_ASSIGN(const auto dir, DataDir::Open(temp.path()));
  EXPECT_FALSE(dir->has_store());
  EMB_EXPECT_OK(dir->RemoveNewStore());
  EMB_EXPECT_OK(dir->RemoveNewStore());
  EXPECT_FALSE(fs::exists(dir->new_store_path()));
}

// With a store in it the directory is ours: an operator's note is harmless.
TEST(DataDir, ToleratesForeignFilesBesideAStore) {
  const TempDir temp;
  fs::create_directory(temp / "rocksdb");
  WriteFile(temp / "NOTE");
  EMB_ASSERT_OK_AND_ASSIGN(const auto dir, DataDir::Open(temp.path()));
  EXPECT_TRUE(dir->has_store());
}

TEST(DataDir, AdoptsANewStoreAsAWhole) {
  const TempDir temp;
  EMB_ASSERT_OK_AND_ASSIGN(const auto dir, DataDir::Open(temp.path()));
  EXPECT_THAT(dir->AdoptNewStore(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("rocksdb.new")));
  fs::create_directory(dir->new_store_path());
  WriteFile(dir->new_store_path() + "/CURRENT", "c");
  EMB_EXPECT_OK(dir->AdoptNewStore());
  EXPECT_TRUE(dir->has_store());
  EXPECT_EQ(ReadFile(dir->store_path() + "/CURRENT"), "c");
  EXPECT_FALSE(fs::exists(dir->new_store_path()));
}

TEST(MakeEmptyDirectory, CreatesAndEmpties) {
  const TempDir temp;
  EMB_EXPECT_OK(MakeEmptyDirectory(temp / "a"));
  WriteFile(temp / "a/file");
  EMB_EXPECT_OK(MakeEmptyDirectory(temp / "a"));
  EXPECT_TRUE(fs::is_empty(temp / "a"));
}

}  // namespace
}  // namespace emb
