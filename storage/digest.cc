#include "storage/digest.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "storage/byte_codec.h"

namespace emb {

std::string DigestToHex(const Digest& digest) {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
}

struct StreamHash::State {
  State() : hash(XXH3_createState()) {
    if (hash == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(hash);
  }
  ~State() { XXH3_freeState(hash); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  XXH3_state_t* hash;
};

StreamHash::StreamHash() : state_(std::make_unique<State>()) {}

StreamHash::~StreamHash() = default;

void StreamHash::Update(absl::Span<const std::byte> bytes) {
  XXH3_128bits_update(state_->hash, bytes.data(), bytes.size());
}

Digest StreamHash::Finish() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_->hash));
  Digest digest;
  static_assert(sizeof(canonical.digest) == sizeof(digest));
  std::copy(std::begin(canonical.digest), std::end(canonical.digest),
            digest.begin());
  return digest;
}

TableDigester::TableDigester(int64_t num_rows, int64_t dim, DType dtype) {
  ByteWriter shape;
  shape.PutI64(num_rows);
  shape.PutI64(dim);
  shape.PutU8(static_cast<uint8_t>(dtype));
  hash_.Update(std::move(shape).Take());
}

uint64_t WireChecksum(absl::Span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace emb
