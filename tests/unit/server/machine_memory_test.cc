#include "server/machine_memory.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

class CgroupMemoryTest : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }

  int64_t LimitOf(const std::string& membership) {
    return CgroupMemoryLimit(membership, root_ / "");
  }

  const TempDir root_;
};

TEST_F(CgroupMemoryTest, VersionTwoTakesTheSmallestOnTheWayUp) {
  Write("memory.max", "max");
  Write("system.slice/memory.max", "5000");
  Write("system.slice/emb.service/memory.max", "7000");
  Write("other.slice/memory.max", "10");
  EXPECT_EQ(LimitOf("0::/system.slice/emb.service\n"), 5000);
  EXPECT_EQ(LimitOf("0::/system.slice\n"), 5000);
  EXPECT_EQ(LimitOf("0::/\n"), kNone);
}

TEST_F(CgroupMemoryTest, VersionOneHasAPlaceOfItsOwn) {
  Write("memory/memory.limit_in_bytes", "9000");
  Write("memory/emb/memory.limit_in_bytes", "4000");
  Write("emb/memory.max", "10");
  EXPECT_EQ(LimitOf("7:cpu,cpuacct:/emb\n4:hugetlb,memory:/emb\n"), 4000);
  EXPECT_EQ(LimitOf("4:memory:/\n"), 9000);
}

// A container sees its own cgroup at the root, by a path of its host.
TEST_F(CgroupMemoryTest, APathThatIsNotThereEndsAtTheRoot) {
  Write("memory.max", "6000");
  EXPECT_EQ(LimitOf("0::/kubepods/pod1/abc\n"), 6000);
}

TEST_F(CgroupMemoryTest, NothingIsNoLimit) {
  EXPECT_EQ(LimitOf(""), kNone);
  EXPECT_EQ(LimitOf("rubbish\n0::\n"), kNone);
  EXPECT_GT(MachineMemoryBytes(), 0);
}

}  // namespace
}  // namespace emb
