#include "client/cli/status_output.h"

#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

using ::testing::HasSubstr;

ServerStatus SomeStatus() {
  return {.state = ServerStatus::State::kServing,
          .version = "0.1.0",
          .uptime = absl::Hours(1) + absl::Milliseconds(2'500),
          .epoch = 12,
          .num_tables = 3,
          .num_rows = 27'088,
          .memory_used_bytes = 5 << 20,
          .memory_limit_bytes = int64_t{1} << 30,
          .write_error = "",
          .disk_used_bytes = 6 << 20,
          .disk_free_bytes = int64_t{9} << 30,
          .last_backup_at = absl::FromUnixSeconds(1)};
}

TEST(StatusJson, HoldsEveryField) {
  EXPECT_EQ(StatusJson(SomeStatus()).dump(),
            R"({"state":"serving","version":"0.1.0","uptime_seconds":3602,)"
            R"("epoch":12,"tables":3,"rows":27088,)"
            R"("memory_used_bytes":5242880,"memory_limit_bytes":1073741824,)"
            R"("write_error":null,"disk_used_bytes":6291456,)"
            R"("disk_free_bytes":9663676416,)"
            R"("last_backup_at":"1970-01-01T00:00:01Z"})");
}

TEST(DescribeStatus, HoldsEveryField) {
  EXPECT_EQ(DescribeStatus(SomeStatus()),
            "state        serving\n"
            "version      0.1.0\n"
            "uptime       1h2s\n"
            "epoch        12\n"
            "tables       3\n"
            "rows         27,088\n"
            "memory       5.0 MiB of 1.0 GiB\n"
            "disk         6.0 MiB used, 9.0 GiB free\n"
            "changes      taken\n"
            "last backup  1970-01-01T00:00:01Z\n");
}

TEST(DescribeStatus, SaysWhyChangesAreRefused) {
  ServerStatus status = SomeStatus();
  status.write_error = "no space";
  status.last_backup_at = absl::UnixEpoch();
  EXPECT_THAT(DescribeStatus(status),
              HasSubstr("changes      refused: no space\n"));
  EXPECT_EQ(StatusJson(status)["write_error"], "no space");
  EXPECT_TRUE(StatusJson(status)["last_backup_at"].is_null());
}

TEST(DescribeStatus, GivesAnUptimeOfZeroItsUnit) {
  ServerStatus status = SomeStatus();
  status.uptime = absl::Milliseconds(300);
  EXPECT_THAT(DescribeStatus(status), HasSubstr("uptime       0s\n"));
}

TEST(StatusJson, NamesEveryState) {
  const struct {
    ServerStatus::State state;
    std::string name;
  } cases[] = {{ServerStatus::State::kUnknown, "unknown"},
               {ServerStatus::State::kLoading, "loading"},
               {ServerStatus::State::kServing, "serving"},
               {ServerStatus::State::kDraining, "draining"}};
  for (const auto& c : cases) {
    ServerStatus status = SomeStatus();
    status.state = c.state;
    EXPECT_EQ(StatusJson(status)["state"], c.name);
  }
}

}  // namespace
}  // namespace emb
