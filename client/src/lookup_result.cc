#include "emb/lookup_result.h"

#include <new>
#include <utility>

#include "client/src/lookup_result_builder.h"

namespace emb {
namespace {

constexpr size_t kAlignment = 64;

size_t Aligned(size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

void LookupResult::Free::operator()(std::byte* buffer) const {
  ::operator delete[](buffer, std::align_val_t(kAlignment));
}

void LookupResultBuilder::Add(FeatureResult feature, size_t values_bytes) {
  result_.features_.push_back(std::move(feature));
  values_bytes_.push_back(values_bytes);
}

LookupResult LookupResultBuilder::Build(
    absl::FunctionRef<void(size_t feature, absl::Span<std::byte> values)>
        copy_values) {
  size_t bytes = 0;
  for (const size_t values_bytes : values_bytes_) {
    bytes += Aligned(values_bytes);
  }
  result_.buffer_.reset(static_cast<std::byte*>(
      ::operator new[](bytes, std::align_val_t(kAlignment))));
  std::byte* begin = result_.buffer_.get();
  for (size_t i = 0; i < values_bytes_.size(); ++i) {
    const absl::Span<std::byte> values(begin, values_bytes_[i]);
    copy_values(i, values);
    result_.features_[i].bytes = values;
    begin += Aligned(values.size());
  }
  return std::move(result_);
}

}  // namespace emb
