#include "client/src/status_from_grpc.h"

#include "absl/status/status_payload_printer.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"

namespace emb {
namespace {

constexpr char kWrongPort[] =
    " does not serve this call; is it the address of the other listener? "
    "Lookups go to the server's --listen (127.0.0.1:50051; embctl --server, "
    "EMB_SERVER), tables to its --admin_listen (127.0.0.1:50052; embctl "
    "--admin, EMB_ADMIN)";

// gRPC says so of both directions.
constexpr char kTooLarge[] =
    "; a request is held to the server's --request_bytes_max (4 MiB), an "
    "answer to the 64 MiB that this client takes; ask for less at a time";

// What gRPC's words for a connection that was not to be most likely mean.
absl::string_view WhyUnreachable(absl::string_view words) {
  if (absl::StrContains(words, "wrong version number")) {
    return "; it speaks plain text: want no --tls-ca (EMB_TLS_CA), or a server "
           "with --tls_cert";
  }
  if (absl::StrContains(words, "andshake failed")) {
    return "; want a server whose certificate one of --tls-ca (EMB_TLS_CA) has "
           "signed and which has not expired";
  }
  if (absl::StrContains(words, "not in peer certificate")) {
    return "; want the address by a name that the server's certificate has";
  }
  // The other end says no more than that.
  if (absl::StrContains(words, "Socket closed") ||
      absl::StrContains(words, "reset by peer")) {
    return "; it is there, and hung up: does it want TLS (--tls-ca, "
           "EMB_TLS_CA), or another certificate of the caller's (--tls-cert)?";
  }
  return "; is the server running?";
}

constexpr char kBadRequestType[] = "type.googleapis.com/google.rpc.BadRequest";

// The fields that a BadRequest names. What is wrong with them is in the
// status's own text.
absl::optional<std::string> PrintBadRequest(absl::string_view type_url,
                                            const absl::Cord& payload) {
  google::rpc::BadRequest details;
  if (type_url != kBadRequestType ||
      !details.ParseFromString(std::string(payload))) {
    return absl::nullopt;
  }
  return absl::StrJoin(details.field_violations(), ", ",
                       [](std::string* out, const auto& violation) {
                         out->append(violation.field());
                       });
}

// Without a printer, a status that is streamed shows the bytes of a protobuf.
// There is one in a process: the program's own, if it has one, is left alone.
bool SetPayloadPrinter() {
  if (absl::status_internal::GetStatusPayloadPrinter() == nullptr) {
    absl::status_internal::SetStatusPayloadPrinter(PrintBadRequest);
  }
  return true;
}

}  // namespace

absl::Status StatusFromProto(const google::rpc::Status& proto) {
  absl::Status status(static_cast<absl::StatusCode>(proto.code()),
                      proto.message());
  static const bool printed = SetPayloadPrinter();
  static_cast<void>(printed);
  for (const auto& detail : proto.details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

// By gRPC's own words.
bool NobodyWasAsked(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         (absl::StrContains(status.error_message(), "ailed to connect") ||
          absl::StrContains(status.error_message(), "connections to all"));
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
  if (NobodyWasAsked(status)) {
    return {code,
            absl::StrCat("cannot reach ", address, ": ", status.error_message(),
                         WhyUnreachable(status.error_message()))};
  }
  // And for "too late", which a server would say otherwise.
  if (status.error_message() == "Deadline Exceeded") {
    return {code, absl::StrCat("no answer from ", address, " in time")};
  }
  // And, in no words at all, for "no such service here": the one mistake of
  // two ports that look alike.
  if (code == absl::StatusCode::kUnimplemented &&
      status.error_message().empty()) {
    return {code, absl::StrCat(address, kWrongPort)};
  }
  if (code == absl::StatusCode::kResourceExhausted &&
      absl::StrContains(status.error_message(), "larger than max")) {
    return {code, absl::StrCat(status.error_message(), kTooLarge)};
  }
  return {code, status.error_message()};
}

}  // namespace emb
