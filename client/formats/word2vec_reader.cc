#include "client/formats/word2vec_reader.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/formats/byte_stream.h"
#include "client/formats/tensor_rows.h"
#include "client/formats/text_line.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr size_t kHeaderBytesMax = 64;

class Word2vecRows final : public RowReader {
 public:
  // `stream` is behind the header.
  Word2vecRows(std::unique_ptr<ByteStream> stream, int64_t size_bytes,
               Word2vecHeader header, TokenSink sink)
      : stream_(std::move(stream)),
        size_bytes_(size_bytes),
        header_(header),
        sink_(std::move(sink)),
        converter_(SourceType::kFloat32, /*big_endian=*/false, header.dim),
        row_(static_cast<size_t>(header.dim) * sizeof(float)) {}

  int64_t num_rows() const override { return header_.rows; }
  int64_t dim() const override { return header_.dim; }
  SourceType source_type() const override { return SourceType::kFloat32; }
  bool has_tokens() const override { return true; }
  const ConversionTally& tally() const override { return converter_.tally(); }

  absl::StatusOr<size_t> Read(absl::Span<float> out) override {
    if (left_.empty()) {
      if (next_row_ == header_.rows) return size_t{0};
      EMB_RETURN_IF_ERROR(ReadRow());
      if (next_row_ == header_.rows) EMB_RETURN_IF_ERROR(CheckEnd());
    }
    const size_t count = std::min(out.size(), left_.size() / sizeof(float));
    EMB_RETURN_IF_ERROR(converter_.Convert(left_.first(count * sizeof(float)),
                                           out.first(count)));
    left_.remove_prefix(count * sizeof(float));
    return count;
  }

 private:
  absl::Status Wrong(absl::string_view complaint) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "row ", next_row_, " at byte ", stream_->offset(), ": ", complaint));
  }

  // Some programs end a vector by a newline, which then comes before a word.
  absl::Status SkipNewlines() {
    while (!stream_->at_end()) {
      EMB_ASSIGN_OR_RETURN(const char c, stream_->Peek());
      if (c != '\n') break;
      stream_->Skip();
    }
    return absl::OkStatus();
  }

  absl::Status ReadRow() {
    EMB_RETURN_IF_ERROR(SkipNewlines());
    const auto word = stream_->ReadUntil(' ', kWord2vecWordBytesMax);
    if (absl::IsOutOfRange(word.status())) {
      return Wrong(
          absl::StrCat("no word of at most ", kWord2vecWordBytesMax, " bytes"));
    }
    EMB_RETURN_IF_ERROR(word.status());
    if (word->empty()) {
      return Wrong(stream_->at_end() ? "truncated" : "an empty word");
    }
    if (sink_) EMB_RETURN_IF_ERROR(sink_(next_row_, *word));
    const int64_t left = size_bytes_ - stream_->offset();
    if (left < static_cast<int64_t>(row_.size())) {
      return Wrong(absl::StrCat("truncated: ", left, " bytes of its vector, ",
                                "want ", row_.size()));
    }
    EMB_RETURN_IF_ERROR(stream_->Read(absl::MakeSpan(row_)));
    left_ = row_;
    ++next_row_;
    return absl::OkStatus();
  }

  absl::Status CheckEnd() {
    EMB_RETURN_IF_ERROR(SkipNewlines());
    if (stream_->at_end()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "bytes after the last vector, from byte ", stream_->offset(), " on"));
  }

  const std::unique_ptr<ByteStream> stream_;
  const int64_t size_bytes_;
  const Word2vecHeader header_;
  const TokenSink sink_;
  ElementConverter converter_;
  std::vector<std::byte> row_;
  absl::Span<const std::byte> left_;  // Of row_.
  int64_t next_row_ = 0;
};

// Every row takes a byte of a word, a blank and its vector.
absl::Status CheckSize(Word2vecHeader header, int64_t bytes) {
  int64_t want = 0;
  if (!__builtin_mul_overflow(
          header.rows, 2 + header.dim * static_cast<int64_t>(sizeof(float)),
          &want) &&
      want <= bytes) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("truncated: ", bytes, " bytes of rows, too few for ",
                   header.rows, " x ", header.dim));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenWord2vecBinary(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  const int64_t size_bytes = bytes->size_bytes();
  auto stream = std::make_unique<ByteStream>(std::move(bytes));
  const auto line = stream->ReadUntil('\n', kHeaderBytesMax);
  const auto header = line.ok() ? ParseWord2vecHeader(*line) : std::nullopt;
  if (!header) {
    return absl::InvalidArgumentError(
        "no line of two integers, rows and dim, at its beginning");
  }
  EMB_RETURN_IF_ERROR(CheckTableShape({header->rows, header->dim}));
  EMB_RETURN_IF_ERROR(CheckSize(*header, size_bytes - stream->offset()));
  return std::make_unique<Word2vecRows>(std::move(stream), size_bytes, *header,
                                        options.tokens);
}

}  // namespace emb
