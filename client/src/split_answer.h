// Messages of an answer, cut into values and everything else.
#ifndef EMB_CLIENT_SRC_SPLIT_ANSWER_H_
#define EMB_CLIENT_SRC_SPLIT_ANSWER_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "embedding/v1/lookup.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace emb {

// SplitAnswer is one serialised LookupResponse whose values stay where the
// transport has put them: a caller copies each float once, to where it wants
// it.
//
// Threads  Thread-compatible.
class SplitAnswer {
 public:
  // Errors   INTERNAL  it is no LookupResponse.
  static absl::StatusOr<SplitAnswer> Split(const grpc::ByteBuffer& message);

  // The message without the values of its results.
  const embedding::v1::LookupResponse& response() const { return response_; }

  // Bytes of values of results(index).
  size_t values_bytes(size_t index) const { return values_[index].size; }

  // Copies them. REQUIRES: out.size() == values_bytes(index).
  void CopyValues(size_t index, absl::Span<std::byte> out) const;

 private:
  struct Range {
    size_t begin = 0;  // In the message.
    size_t size = 0;
  };

  SplitAnswer() = default;

  std::vector<grpc::Slice> slices_;
  embedding::v1::LookupResponse response_;
  std::vector<Range> values_;  // One per result.
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_SPLIT_ANSWER_H_
