#include "server/trace_context.h"

#include <string>

#include "gtest/gtest.h"

namespace emb {
namespace {

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kSpan[] = "00f067aa0ba902b7";

std::string Header(const std::string& version, const std::string& rest = "") {
  return version + "-" + kTrace + "-" + kSpan + "-01" + rest;
}

TEST(ParseTraceparent, TakesTheTraceAndTheCallersSpan) {
  for (const std::string& header :
       {Header("00"), Header("01"), Header("cc", "-what-comes-later")}) {
    SCOPED_TRACE(header);
    const TraceContext trace = ParseTraceparent(header);
    EXPECT_EQ(trace.trace_id, kTrace);
    EXPECT_EQ(trace.span_id, kSpan);
  }
}

// The specification: what is malformed is as if it were not there.
TEST(ParseTraceparent, IgnoresWhatIsMalformed) {
  const std::string good = Header("00");
  std::string upper = good;
  upper[5] = 'F';
  std::string cut = good;
  cut.pop_back();
  std::string no_dash = good;
  no_dash[35] = '0';
  std::string bad_flags = good;
  bad_flags[53] = 'x';
  const std::string zeros(32, '0');
  for (const std::string& header :
       {std::string(), std::string("00"), upper, cut, no_dash, bad_flags,
        Header("ff"), Header("00", "-more"), Header("01", "more"),
        "00-" + zeros + "-" + kSpan + "-01",
        "00-" + std::string(kTrace) + "-0000000000000000-01",
        std::string(55, '-'), std::string(1 << 16, 'a')}) {
    SCOPED_TRACE(header.substr(0, 80));
    EXPECT_EQ(ParseTraceparent(header).trace_id, "");
    EXPECT_EQ(ParseTraceparent(header).span_id, "");
  }
}

}  // namespace
}  // namespace emb
