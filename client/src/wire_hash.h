// Checksums of rows on their way.
#ifndef EMB_CLIENT_SRC_WIRE_HASH_H_
#define EMB_CLIENT_SRC_WIRE_HASH_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace emb {

// XXH3-64.
uint64_t WireChecksum(absl::string_view bytes);

// XXH3-128 of bytes that come in parts.
//
// Threads  One thread.
class WireHash {
 public:
  WireHash();
  ~WireHash();
  WireHash(const WireHash&) = delete;
  WireHash& operator=(const WireHash&) = delete;

  void Update(absl::string_view bytes);
  // As 32 hexadecimal digits.
  std::string Finish() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace emb

#endif  // EMB_CLIENT_SRC_WIRE_HASH_H_
