#include "emb/keep_freed_memory.h"

#include <sys/resource.h>

#include <cstddef>
#include <cstring>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

constexpr size_t kPageBytes = 4'096;

int64_t PageFaults() {
  rusage usage = {};
  EXPECT_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_minflt;
}

// Gets a buffer of 24 MiB, above every threshold that malloc starts with,
// touches it and gives it back.
void UseABuffer() {
  constexpr size_t kBytes = size_t{24} << 20;
  const std::unique_ptr<char[]> buffer(new char[kBytes]);
  for (size_t i = 0; i < kBytes; i += kPageBytes) {
    static_cast<volatile char*>(buffer.get())[i] = 1;
  }
}

// Memory that is kept costs no page fault when it is used again.
TEST(KeepFreedMemory, KeepsIt) {
  const absl::Status status = KeepFreedMemory();
  if (absl::IsUnimplemented(status)) {
    GTEST_SKIP() << status;  // A sanitizer's malloc.
  }
  EMB_ASSERT_OK(status);
  UseABuffer();
  const int64_t before = PageFaults();
  for (int i = 0; i < 10; ++i) UseABuffer();
  // Given back, it would be 6,000 each time, fewer with huge pages.
  EXPECT_LT(PageFaults() - before, 100);
}

}  // namespace
}  // namespace emb
