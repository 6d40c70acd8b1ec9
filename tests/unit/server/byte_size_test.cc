#include "server/byte_size.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace emb {
namespace {

TEST(ParseByteSize, RefusesByText) {
  for (const char* const text :
       {"", "0", "-1", "GiB", "0KiB", "1.5GiB", "1GB", "1gib", "1 GiB", "12x",
        "9223372036854775808", "8388608TiB"}) {
    EXPECT_THAT(ParseByteSize(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         testing::HasSubstr("KiB, MiB, GiB or TiB")))
        << text;
  }
}

TEST(ParseByteSize, ReadsUnits) {
  EXPECT_THAT(ParseByteSize("1"), IsOkAndHolds(1));
  EXPECT_THAT(ParseByteSize("4KiB"), IsOkAndHolds(4'096));
  EXPECT_THAT(ParseByteSize("64MiB"), IsOkAndHolds(int64_t{64} << 20));
  EXPECT_THAT(ParseByteSize("12GiB"), IsOkAndHolds(int64_t{12} << 30));
  EXPECT_THAT(ParseByteSize("8388607TiB"), IsOkAndHolds(8'388'607LL << 40));
}

TEST(FormatByteSize, HasAUnitAndEveryByte) {
  EXPECT_EQ(FormatByteSize(0), "0 bytes");
  EXPECT_EQ(FormatByteSize(1'023), "1023 bytes");
  EXPECT_EQ(FormatByteSize(1'024), "1.0 KiB (1,024 bytes)");
  EXPECT_EQ(FormatByteSize(83'886'080), "80.0 MiB (83,886,080 bytes)");
  EXPECT_EQ(FormatByteSize(int64_t{12} << 30),
            "12.0 GiB (12,884,901,888 bytes)");
  EXPECT_EQ(FormatByteSize(INT64_MAX),
            "8388608.0 TiB (9,223,372,036,854,775,807 bytes)");
}

}  // namespace
}  // namespace emb
