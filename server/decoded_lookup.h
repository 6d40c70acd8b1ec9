// A lookup request and the bytes that it is read from.
#ifndef EMB_SERVER_DECODED_LOOKUP_H_
#define EMB_SERVER_DECODED_LOOKUP_H_

#include <memory>

#include "absl/status/statusor.h"
#include "embedding/v1/lookup.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "server/limits.h"
#include "server/lookup_request.h"

namespace emb {

// DecodedLookup owns what its view refers to.
//
// Threads  Immutable.
class DecodedLookup {
 public:
  // Takes the message as it came from the wire. Ids are read where they lie;
  // a message that the transport cut is put together first.
  //
  // Errors   INVALID_ARGUMENT  no LookupRequest, or more features than
  //                            limits.request_features_max.
  //          INTERNAL          the transport's buffer cannot be read.
  static absl::StatusOr<std::unique_ptr<const DecodedLookup>> Decode(
      const grpc::ByteBuffer& message, const Limits& limits);

  // Stays where it is: a short slice holds its bytes in itself.
  DecodedLookup(const DecodedLookup&) = delete;
  DecodedLookup& operator=(const DecodedLookup&) = delete;

  const LookupView& view() const { return view_; }

 private:
  DecodedLookup() = default;

  grpc::Slice bytes_;
  // Of a message in a rare form; else null.
  std::unique_ptr<embedding::v1::LookupRequest> parsed_;
  LookupView view_;
};

}  // namespace emb

#endif  // EMB_SERVER_DECODED_LOOKUP_H_
