// Every fixed limit of the server, in one place.
#ifndef EMB_SERVER_LIMITS_H_
#define EMB_SERVER_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace emb {

// An ImportHeader's upload_id; fixed, no flag.
inline constexpr size_t kUploadIdBytesMax = 128;

// Each is a flag of the same name, is listed in the README, and has a test
// on both sides of its edge. Table names are bounded by kTableNameBytesMax.
struct Limits {
  int64_t request_bytes_max = int64_t{4} << 20;  // One message, any other call.
  int64_t update_bytes_max = int64_t{64} << 20;  // One UpsertRows message.
  int64_t answer_bytes_max = int64_t{64} << 20;  // All values of a Lookup.
  int64_t request_ids_max = 262'144;             // All features of a Lookup.
  int64_t request_features_max = 1'024;
  int64_t shape_dims_max = 16;  // Axes of a DenseShape.
  int64_t tables_max = 10'000;
  int64_t dim_max = 65'536;
  // Lookups from their receipt until the transport has taken the answer.
  int64_t inflight_requests_max = 1'024;
  int64_t inflight_bytes_max = int64_t{512} << 20;  // Requests and answers.
};

}  // namespace emb

#endif  // EMB_SERVER_LIMITS_H_
