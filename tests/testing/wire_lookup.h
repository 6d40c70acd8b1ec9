// Lookup messages as objects of the generated classes, which tests find easier
// to write, against a server that reads and writes bytes.
#ifndef EMB_TESTS_TESTING_WIRE_LOOKUP_H_
#define EMB_TESTS_TESTING_WIRE_LOOKUP_H_

#include <string>

#include "embedding/v1/lookup.pb.h"
#include "google/protobuf/message_lite.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace emb {

inline grpc::ByteBuffer ToWire(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

inline grpc::ByteBuffer ToWire(const google::protobuf::MessageLite& message) {
  return ToWire(message.SerializeAsString());
}

inline std::string BytesOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return "";
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

// An empty response if the bytes are none.
inline embedding::v1::LookupResponse ResponseOf(
    const grpc::ByteBuffer& buffer) {
  embedding::v1::LookupResponse response;
  if (!response.ParseFromString(BytesOf(buffer))) response.Clear();
  return response;
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_WIRE_LOOKUP_H_
