#include "client/src/wire_hash.h"

// Compiled in, so that whoever links the client need not link xxhash.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "absl/strings/str_cat.h"

namespace emb {

// Its alignment is beyond what older `new` gives: kept by its own functions.
struct WireHash::State {
  XXH3_state_t* const xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

uint64_t WireChecksum(absl::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

WireHash::WireHash() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(state_->xxh);
}

WireHash::~WireHash() = default;

void WireHash::Update(absl::string_view bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::string WireHash::Finish() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh);
  return absl::StrCat(absl::Hex(hash.high64, absl::kZeroPad16),
                      absl::Hex(hash.low64, absl::kZeroPad16));
}

}  // namespace emb
