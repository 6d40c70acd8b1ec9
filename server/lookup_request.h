// A lookup request as the server reads it: views of the message's bytes.
#ifndef EMB_SERVER_LOOKUP_REQUEST_H_
#define EMB_SERVER_LOOKUP_REQUEST_H_

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/id_span.h"

namespace emb {

// Fields as in proto/embedding/v1/lookup.proto, where they are explained.
// Nothing has been checked; enums are the numbers that were sent.
struct DenseIds {
  std::vector<int64_t> dims;
};

struct RaggedIds {
  std::vector<int64_t> lengths;
};

struct PadRequest {
  std::optional<int64_t> length;
  int side = 0;
  int keep = 0;
};

struct PoolRequest {
  int mode = 0;
  std::vector<float> weights;
};

struct LookupFeature {
  absl::string_view table;
  uint64_t version = 0;
  IdSpan ids;
  std::variant<std::monostate, DenseIds, RaggedIds> shape;
  std::variant<std::monostate, PadRequest, PoolRequest> combine;
  std::optional<int64_t> padding_id;
  int missing_ids = 0;
  int dtype = 0;

  int64_t num_ids() const { return static_cast<int64_t>(ids.size()); }
};

struct LookupView {
  std::vector<LookupFeature> features;
  bool partial = false;
  uint64_t request_id = 0;
};

// Reads an embedding.v1.LookupRequest as every serialiser writes it: fields
// that stand once stand once, repeated numbers are packed, names are ASCII.
// Ids are read in place: the view refers to `message`.
//
// Returns nullopt for anything else (DecodedLookup then asks the generated
// class).
// Cost     Tens of nanoseconds a feature, none an id.
std::optional<LookupView> ReadLookup(absl::string_view message);

}  // namespace emb

#endif  // EMB_SERVER_LOOKUP_REQUEST_H_
