#include "emb/lookup_result.h"

#include <cstring>
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

void LookupResultBuilder::Add(FeatureResult feature,
                              const std::string& values) {
  result_.features_.push_back(std::move(feature));
  values_.push_back(&values);
}

LookupResult LookupResultBuilder::Build() {
  size_t bytes = 0;
  for (const std::string* const values : values_) {
    bytes += Aligned(values->size());
  }
  result_.buffer_.reset(static_cast<std::byte*>(
      ::operator new[](bytes, std::align_val_t(kAlignment))));
  std::byte* begin = result_.buffer_.get();
  for (size_t i = 0; i < values_.size(); ++i) {
    const std::string& values = *values_[i];
    std::memcpy(begin, values.data(), values.size());
    result_.features_[i].bytes = {begin, values.size()};
    begin += Aligned(values.size());
  }
  return std::move(result_);
}

}  // namespace emb
