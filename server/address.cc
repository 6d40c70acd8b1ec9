#include "server/address.h"

#include <arpa/inet.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace emb {
namespace {

// sockaddr_un has room for 108 bytes with the final zero.
constexpr size_t kUnixPathBytesMax = 107;

absl::Status AddressError(absl::string_view text, absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text.substr(0, 256), "\", want ", want));
}

}  // namespace

bool Address::is_local() const {
  if (is_unix() || host == "localhost" || host == "::1") return true;
  in_addr ipv4;
  return inet_pton(AF_INET, host.c_str(), &ipv4) == 1 &&
         ntohl(ipv4.s_addr) >> 24 == 127;
}

std::string Address::ToString() const {
  if (is_unix()) return absl::StrCat("unix:", unix_path);
  const bool ipv6 = absl::StrContains(host, ':');
  return absl::StrCat(ipv6 ? "[" : "", host, ipv6 ? "]:" : ":", port);
}

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  Address address;
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    if (rest.empty() || rest.size() > kUnixPathBytesMax) {
      return AddressError(
          text, absl::StrCat("unix:PATH with 1 to ", kUnixPathBytesMax,
                             " bytes of path"));
    }
    address.unix_path = std::string(rest);
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) {
    return AddressError(text, "HOST:PORT or unix:PATH");
  }
  absl::string_view host = text.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]")) {
      return AddressError(text, "[IPV6]:PORT");
    }
  } else if (absl::StrContains(host, ':')) {
    return AddressError(text, "[IPV6]:PORT, with brackets");
  }
  address.host = std::string(host);
  int port = 0;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65'535) {
    return AddressError(text, "a port from 0 to 65535");
  }
  address.port = port;
  return address;
}

}  // namespace emb
