#include "server/http_listener.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

ListenerOptions At(const std::string& address) {
  return {.flag = "--http_listen", .address = address};
}

HttpListener::Pages SomePages() {
  HttpListener::Pages pages;
  pages.metrics = [] { return "emb_things 1\n"; };
  pages.live = [] { return absl::OkStatus(); };
  pages.ready = [] { return absl::UnavailableError("loading"); };
  return pages;
}

httplib::Client ClientOf(const HttpListener& listener) {
  return httplib::Client("http://" + listener.address());
}

TEST(HttpListener, AnswersItsThreePagesAndNoOthers) {
  EMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                           HttpListener::Start(At("127.0.0.1:0"), SomePages()));
  httplib::Client client = ClientOf(*listener);
  const struct {
    std::string path;
    int status;
    std::string body;
  } cases[] = {{"/metrics", 200, "emb_things 1\n"},
               {"/livez", 200, "ok\n"},
               {"/readyz", 503, "loading\n"},
               {"/", 404, ""},
               {"/metrics/", 404, ""},
               {"/../etc/passwd", 404, ""}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.path);
    const auto response = client.Get(c.path);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, c.status);
    EXPECT_EQ(response->body, c.body);
  }
  EXPECT_THAT(client.Get("/metrics")->get_header_value("Content-Type"),
              HasSubstr("version=0.0.4"));
  EXPECT_EQ(client.Post("/metrics", "", "text/plain")->status, 404);
}

TEST(HttpListener, ListensOnAUnixSocketToo) {
  const TempDir dir;
  EMB_ASSERT_OK_AND_ASSIGN(
      const auto listener,
      HttpListener::Start(At("unix:" + dir.path() + "/http"), SomePages()));
  httplib::Client client(dir.path() + "/http");
  client.set_address_family(AF_UNIX);
  const auto response = client.Get("/livez");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST(HttpListener, RefusesAnAddressThatIsTaken) {
  EMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                           HttpListener::Start(At("127.0.0.1:0"), SomePages()));
  EXPECT_THAT(HttpListener::Start(At(listener->address()), SomePages()),
              StatusIs(StatusCode::kUnavailable, HasSubstr("--http_listen")));
}

TEST(HttpListener, RefusesAddressesThatOthersCanReach) {
  EXPECT_THAT(HttpListener::Start(At("0.0.0.0:0"), SomePages()),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--insecure")));
}

TEST(HttpListener, StopsWithACallerThatSaysNothing) {
  EMB_ASSERT_OK_AND_ASSIGN(const auto listener,
                           HttpListener::Start(At("127.0.0.1:0"), SomePages()));
  httplib::Client client = ClientOf(*listener);
  client.set_keep_alive(true);
  EXPECT_EQ(client.Get("/livez")->status, 200);
  listener->Stop();
  listener->Stop();  // Once is enough.
}

}  // namespace
}  // namespace emb
