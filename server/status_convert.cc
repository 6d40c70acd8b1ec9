#include "server/status_convert.h"

#include <cstddef>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"

namespace emb {
namespace {

constexpr size_t kMessageBytesMax = 1024;
constexpr absl::string_view kBadRequestType =
    "type.googleapis.com/google.rpc.BadRequest";
constexpr absl::string_view kRetryInfoType =
    "type.googleapis.com/google.rpc.RetryInfo";

// At most kMessageBytesMax, not cut inside a UTF-8 sequence.
absl::string_view Capped(absl::string_view message) {
  if (message.size() <= kMessageBytesMax) return message;
  size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0) == 0x80) {
    --end;
  }
  return message.substr(0, end);
}

}  // namespace

absl::Status FieldError(absl::StatusCode code, absl::string_view path,
                        absl::string_view complaint) {
  absl::Status status(code, absl::StrCat(path, complaint));
  google::rpc::BadRequest details;
  auto* const violation = details.add_field_violations();
  violation->set_field(std::string(path));
  violation->set_description(std::string(status.message()));
  status.SetPayload(kBadRequestType, absl::Cord(details.SerializeAsString()));
  return status;
}

google::rpc::Status ToStatusProto(const absl::Status& status) {
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(std::string(Capped(status.message())));
  status.ForEachPayload(
      [&proto](absl::string_view type_url, const absl::Cord& payload) {
        auto* const detail = proto.add_details();
        detail->set_type_url(std::string(type_url));
        detail->set_value(std::string(payload));
      });
  return proto;
}

absl::Status InvalidField(absl::string_view path, absl::string_view complaint) {
  return FieldError(absl::StatusCode::kInvalidArgument, path, complaint);
}

absl::Status OverloadedError(absl::string_view message,
                             absl::Duration retry_delay) {
  absl::Status status = absl::ResourceExhaustedError(message);
  google::rpc::RetryInfo details;
  auto* const delay = details.mutable_retry_delay();
  delay->set_seconds(
      absl::IDivDuration(retry_delay, absl::Seconds(1), &retry_delay));
  delay->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(retry_delay)));
  status.SetPayload(kRetryInfoType, absl::Cord(details.SerializeAsString()));
  return status;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status proto = ToStatusProto(status);
  return {static_cast<grpc::StatusCode>(proto.code()), proto.message(),
          proto.details().empty() ? "" : proto.SerializeAsString()};
}

}  // namespace emb
