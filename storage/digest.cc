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

struct TableDigester::State {
  State() : hash(XXH3_createState()) {
    if (hash == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(hash);
  }
  ~State() { XXH3_freeState(hash); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  XXH3_state_t* hash;
};

TableDigester::TableDigester(int64_t num_rows, int64_t dim, DType dtype)
    : state_(std::make_unique<State>()) {
  ByteWriter shape;
  shape.PutI64(num_rows);
  shape.PutI64(dim);
  shape.PutU8(static_cast<uint8_t>(dtype));
  const std::string bytes = std::move(shape).Take();
  XXH3_128bits_update(state_->hash, bytes.data(), bytes.size());
}

TableDigester::~TableDigester() = default;

void TableDigester::Update(absl::Span<const std::byte> rows) {
  XXH3_128bits_update(state_->hash, rows.data(), rows.size());
}

Digest TableDigester::Finish() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_->hash));
  Digest digest;
  static_assert(sizeof(canonical.digest) == sizeof(digest));
  std::copy(std::begin(canonical.digest), std::end(canonical.digest),
            digest.begin());
  return digest;
}

}  // namespace emb
