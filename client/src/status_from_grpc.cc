#include "client/src/status_from_grpc.h"

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace emb {

absl::Status StatusFromProto(const google::rpc::Status& proto) {
  absl::Status status(static_cast<absl::StatusCode>(proto.code()),
                      proto.message());
  for (const auto& detail : proto.details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

absl::Status StatusFromGrpc(const grpc::Status& status,
                            const std::string& address) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status proto;
  if (!status.error_details().empty() &&
      proto.ParseFromString(status.error_details()) &&
      proto.code() == static_cast<int>(status.error_code())) {
    return StatusFromProto(proto);
  }
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  // gRPC's own words for "nobody is there".
  if (code == absl::StatusCode::kUnavailable &&
      (absl::StrContains(status.error_message(), "ailed to connect") ||
       absl::StrContains(status.error_message(), "connections to all"))) {
    return {code,
            absl::StrCat("cannot reach ", address, ": ", status.error_message(),
                         "; is the server running?")};
  }
  // And for "too late", which a server would say otherwise.
  if (status.error_message() == "Deadline Exceeded") {
    return {code, absl::StrCat("no answer from ", address, " in time")};
  }
  return {code, status.error_message()};
}

}  // namespace emb
