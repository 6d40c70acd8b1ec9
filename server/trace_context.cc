#include "server/trace_context.h"

#include <algorithm>

namespace emb {
namespace {

constexpr size_t kHeaderBytes = 55;  // "00-", 32 digits, "-", 16, "-", 2.

bool IsLowerHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

bool IsZero(absl::string_view digits) {
  return digits.find_first_not_of('0') == absl::string_view::npos;
}

}  // namespace

TraceContext ParseTraceparent(absl::string_view header) {
  if (header.size() < kHeaderBytes || header[2] != '-' || header[35] != '-' ||
      header[52] != '-') {
    return {};
  }
  const absl::string_view version = header.substr(0, 2);
  const absl::string_view trace_id = header.substr(3, 32);
  const absl::string_view span_id = header.substr(36, 16);
  const absl::string_view flags = header.substr(53, 2);
  const bool fits = version == "00"
                        ? header.size() == kHeaderBytes
                        : header.size() == kHeaderBytes || header[55] == '-';
  if (!fits || version == "ff" || !IsLowerHex(version) ||
      !IsLowerHex(trace_id) || !IsLowerHex(span_id) || !IsLowerHex(flags) ||
      IsZero(trace_id) || IsZero(span_id)) {
    return {};
  }
  return {std::string(trace_id), std::string(span_id)};
}

TraceContext TraceContextOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("traceparent");
  if (found == metadata.end()) return {};
  return ParseTraceparent({found->second.data(), found->second.size()});
}

}  // namespace emb
