#include "client/formats/tensor_rows.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/status_macros.h"

namespace emb {
namespace {

// Rows that lie in order are read in blocks of this size, others in larger
// ones: a column is then read in fewer and longer pieces.
constexpr int64_t kBlockBytes = 1 << 20;
constexpr int64_t kStridedBlockBytes = 32 << 20;
// What one read of scattered elements takes in; those farther apart are read
// one by one.
constexpr int64_t kRunBytes = 64 << 10;

// Elements at equal distances.
struct Run {
  int64_t first = 0;  // Element.
  int64_t count = 0;
  int64_t stride = 0;  // Elements.
};

// Copies elements of Bytes bytes to every `step`-th byte.
template <size_t Bytes>
void CopySpread(const std::byte* from, int64_t from_step, int64_t count,
                std::byte* to, int64_t to_step) {
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * to_step, from + i * from_step, Bytes);
  }
}

class TensorRows final : public RowReader {
 public:
  TensorRows(TensorPlace place, bool in_order)
      : place_(std::move(place)),
        in_order_(in_order),
        element_bytes_(SourceTypeBytes(place_.type)),
        row_bytes_(dim() * element_bytes_),
        block_rows_(std::clamp<int64_t>(
            (in_order ? kBlockBytes : kStridedBlockBytes) / row_bytes_, 1,
            num_rows())),
        converter_(place_.type, place_.big_endian, dim()),
        run_(static_cast<size_t>(in_order ? 0 : kRunBytes)),
        block_(static_cast<size_t>(block_rows_ * row_bytes_)) {}

  int64_t num_rows() const override { return place_.shape[0]; }
  int64_t dim() const override { return place_.shape[1]; }
  SourceType source_type() const override { return place_.type; }
  const ConversionTally& tally() const override { return converter_.tally(); }

  absl::StatusOr<size_t> Read(absl::Span<float> out) override {
    if (left_.empty()) {
      if (next_row_ == num_rows()) return size_t{0};
      EMB_RETURN_IF_ERROR(LoadBlock());
    }
    const size_t count = std::min(
        out.size(), left_.size() / static_cast<size_t>(element_bytes_));
    const size_t bytes = count * static_cast<size_t>(element_bytes_);
    EMB_RETURN_IF_ERROR(
        converter_.Convert(left_.first(bytes), out.first(count)));
    left_.remove_prefix(bytes);
    return count;
  }

 private:
  absl::Status LoadBlock() {
    const int64_t rows = std::min(block_rows_, num_rows() - next_row_);
    left_ =
        absl::MakeSpan(block_).first(static_cast<size_t>(rows * row_bytes_));
    EMB_RETURN_IF_ERROR(
        in_order_
            ? place_.bytes->ReadAt(place_.offset_bytes + next_row_ * row_bytes_,
                                   absl::MakeSpan(block_).first(left_.size()))
            : Gather(rows));
    next_row_ += rows;
    return absl::OkStatus();
  }

  // Rows or columns, whichever lie closer together in the file.
  absl::Status Gather(int64_t rows) {
    const int64_t row_stride = place_.strides[0];
    const int64_t column_stride = place_.strides[1];
    const int64_t first = next_row_ * row_stride;
    if (row_stride < column_stride) {
      for (int64_t i = 0; i < dim(); ++i) {
        EMB_RETURN_IF_ERROR(
            ReadRun({first + i * column_stride, rows, row_stride},
                    block_.data() + i * element_bytes_, row_bytes_));
      }
      return absl::OkStatus();
    }
    for (int64_t i = 0; i < rows; ++i) {
      EMB_RETURN_IF_ERROR(
          ReadRun({first + i * row_stride, dim(), column_stride},
                  block_.data() + i * row_bytes_, element_bytes_));
    }
    return absl::OkStatus();
  }

  // Reads the elements of `run` to every `to_step`-th byte from `to` on.
  absl::Status ReadRun(Run run, std::byte* to, int64_t to_step) {
    const int64_t step = run.stride * element_bytes_;
    // (at_once - 1) * step + element_bytes_ <= kRunBytes.
    const int64_t at_once =
        step == 0 ? run.count : (kRunBytes - element_bytes_) / step + 1;
    while (run.count > 0) {
      const int64_t count = std::min(at_once, run.count);
      const auto bytes =
          static_cast<size_t>((count - 1) * step + element_bytes_);
      EMB_RETURN_IF_ERROR(
          place_.bytes->ReadAt(place_.offset_bytes + run.first * element_bytes_,
                               absl::MakeSpan(run_).first(bytes)));
      Spread(step, count, to, to_step);
      run.first += count * run.stride;
      run.count -= count;
      to += count * to_step;
    }
    return absl::OkStatus();
  }

  void Spread(int64_t step, int64_t count, std::byte* to, int64_t to_step) {
    switch (element_bytes_) {
      case 1:
        return CopySpread<1>(run_.data(), step, count, to, to_step);
      case 2:
        return CopySpread<2>(run_.data(), step, count, to, to_step);
      case 4:
        return CopySpread<4>(run_.data(), step, count, to, to_step);
      default:
        return CopySpread<8>(run_.data(), step, count, to, to_step);
    }
  }

  const TensorPlace place_;
  const bool in_order_;
  const int64_t element_bytes_;
  const int64_t row_bytes_;
  const int64_t block_rows_;
  ElementConverter converter_;
  std::vector<std::byte> run_;
  std::vector<std::byte> block_;      // Rows in C order,
  absl::Span<const std::byte> left_;  // and what is left of them.
  int64_t next_row_ = 0;              // First row after the block.
};

// Whether the last element ends within the bytes.
bool LiesWithin(const TensorPlace& place) {
  const int64_t element_bytes = SourceTypeBytes(place.type);
  int64_t end = 1;
  for (size_t axis = 0; axis < place.shape.size(); ++axis) {
    int64_t reach = 0;
    if (__builtin_mul_overflow(place.shape[axis] - 1, place.strides[axis],
                               &reach) ||
        __builtin_add_overflow(end, reach, &end)) {
      return false;
    }
  }
  return !__builtin_mul_overflow(end, element_bytes, &end) &&
         !__builtin_add_overflow(end, place.offset_bytes, &end) &&
         end <= place.bytes->size_bytes();
}

bool InOrder(const TensorPlace& place) {
  const int64_t rows = place.shape[0];
  const int64_t dim = place.shape[1];
  // The stride of an axis of one element means nothing.
  return (dim == 1 || place.strides[1] == 1) &&
         (rows == 1 || place.strides[0] == dim);
}

}  // namespace

std::string ShapeText(absl::Span<const int64_t> shape) {
  return absl::StrCat("(", absl::StrJoin(shape, ", "),
                      shape.size() == 1 ? ",)" : ")");
}

std::vector<int64_t> COrderStrides(absl::Span<const int64_t> shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i) {
    strides[i - 2] = strides[i - 1] * shape[i - 1];
  }
  return strides;
}

std::vector<int64_t> FortranOrderStrides(absl::Span<const int64_t> shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = 1; i < shape.size(); ++i) {
    strides[i] = strides[i - 1] * shape[i - 1];
  }
  return strides;
}

absl::StatusOr<int64_t> CountElements(absl::Span<const int64_t> shape) {
  // An axis without elements makes any other harmless, but for the strides.
  int64_t product = 1;
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(product, std::max<int64_t>(extent, 1),
                               &product)) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", ShapeText(shape), " is beyond 2^63"));
    }
  }
  return std::count(shape.begin(), shape.end(), 0) > 0 ? 0 : product;
}

absl::Status CheckTableShape(absl::Span<const int64_t> shape) {
  const auto refuse = [&](absl::string_view want) {
    return absl::InvalidArgumentError(
        absl::StrCat("shape ", ShapeText(shape), ", want ", want));
  };
  if (shape.size() != 2) return refuse("two axes (rows, dim)");
  if (shape[0] < 1 || shape[1] < 1) {
    return refuse("at least one row and column");
  }
  if (shape[1] > kReadDimMax) {
    return refuse(absl::StrCat("at most ", kReadDimMax, " columns"));
  }
  EMB_ASSIGN_OR_RETURN(int64_t bytes, CountElements(shape));
  if (__builtin_mul_overflow(bytes, int64_t{sizeof(float)}, &bytes)) {
    return refuse("less than 2^63 bytes of float32");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenTensor(TensorPlace place) {
  EMB_RETURN_IF_ERROR(CheckTableShape(place.shape));
  if (place.strides.empty()) place.strides = COrderStrides(place.shape);
  if (!LiesWithin(place)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "truncated: shape ", ShapeText(place.shape), " of ",
        SourceTypeName(place.type), " from byte ", place.offset_bytes,
        " on, but only ", place.bytes->size_bytes(), " bytes are there"));
  }
  const bool in_order = InOrder(place);
  if (!in_order && !place.bytes->random_access()) {
    EMB_ASSIGN_OR_RETURN(place.bytes, Spool(*place.bytes));
  }
  return std::make_unique<TensorRows>(std::move(place), in_order);
}

}  // namespace emb
