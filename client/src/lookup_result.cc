#include "emb/lookup_result.h"

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
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
  // Nothing needs no place: the end stays that of the last value.
  const size_t offset = values_bytes == 0 ? 0 : Aligned(bytes_);
  if (values_bytes > 0) bytes_ = offset + values_bytes;
  offsets_.push_back(offset);
  values_bytes_.push_back(values_bytes);
}

LookupResult LookupResultBuilder::Build(CopyValues copy_values) {
  result_.buffer_.reset(static_cast<std::byte*>(
      ::operator new[](bytes_, std::align_val_t(kAlignment))));
  return Fill(result_.buffer_.get(), copy_values);
}

absl::StatusOr<LookupResult> LookupResultBuilder::BuildIn(
    absl::Span<std::byte> buffer, CopyValues copy_values) {
  if (buffer.size() < bytes_) {
    return absl::InvalidArgumentError(
        absl::StrCat("buffer: ", buffer.size(), " bytes, want ", bytes_,
                     " for the values of this answer"));
  }
  return Fill(buffer.data(), copy_values);
}

LookupResult LookupResultBuilder::Fill(std::byte* begin,
                                       CopyValues copy_values) {
  for (size_t i = 0; i < values_bytes_.size(); ++i) {
    const absl::Span<std::byte> values(begin + offsets_[i], values_bytes_[i]);
    copy_values(i, values);
    result_.features_[i].bytes = values;
  }
  return std::move(result_);
}

}  // namespace emb
