// Golden cases: results that PyTorch wrote down, in a manifest and a few flat
// arrays. The format is described in tests/golden/torch/README.md.
#ifndef EMB_TESTS_PARITY_GOLDEN_H_
#define EMB_TESTS_PARITY_GOLDEN_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "nlohmann/json.hpp"

namespace emb {

using Json = nlohmann::json;

// The cases and arrays of one directory. Array accessors throw std::exception
// where a reference is malformed or of another type.
//
// Threads  Immutable.
class Golden {
 public:
  // Errors   NOT_FOUND, DATA_LOSS  a file is missing or malformed.
  static absl::StatusOr<Golden> Read(const std::string& directory);

  const Json& cases() const { return manifest_.at("cases"); }

  std::vector<float> Floats(const Json& reference) const;
  std::vector<double> Doubles(const Json& reference) const;
  std::vector<int64_t> Ints(const Json& reference) const;
  std::vector<std::byte> Bytes(const Json& reference) const;

 private:
  Golden() = default;

  template <typename T>
  std::vector<T> Elements(const Json& reference, const char* type) const;

  Json manifest_;
  std::map<std::string, std::string> blobs_;  // Element bytes by type.
};

// The shape of an array reference.
std::vector<int64_t> ShapeOf(const Json& reference);

// A number, or one of "inf", "-inf" and "nan".
double NumberOf(const Json& value);

// Compares element by element as `cmp` says: bit by bit, or within its
// tolerances.
//
// Errors   INTERNAL  names the first element that differs.
absl::Status Compare(const Json& cmp, absl::Span<const float> got,
                     absl::Span<const float> want);
absl::Status Compare(const Json& cmp, absl::Span<const double> got,
                     absl::Span<const double> want);

}  // namespace emb

#endif  // EMB_TESTS_PARITY_GOLDEN_H_
