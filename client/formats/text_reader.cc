#include "client/formats/text_reader.h"

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

// A row of kReadDimMax numbers of 32 characters.
constexpr size_t kLineBytesMax = 32 << 20;
constexpr int64_t kScanBytes = 1 << 20;

absl::Status WrongLine(int64_t line, absl::string_view complaint) {
  return absl::InvalidArgumentError(
      absl::StrCat("line ", line, ": ", complaint));
}

struct TextLayout {
  int64_t rows = 0;
  int64_t dim = 0;
  Separator separator = Separator::kBlanks;
  bool tokens = false;
  bool header = false;  // A first line to be left out.
};

class TextRows final : public RowReader {
 public:
  TextRows(std::shared_ptr<ByteSource> bytes, const TextLayout& layout,
           TokenSink sink)
      : stream_(std::move(bytes)),
        layout_(layout),
        sink_(std::move(sink)),
        fields_(static_cast<size_t>(layout.dim)),
        row_(static_cast<size_t>(layout.dim)) {}

  int64_t num_rows() const override { return layout_.rows; }
  int64_t dim() const override { return layout_.dim; }
  SourceType source_type() const override { return SourceType::kText; }
  bool has_tokens() const override { return layout_.tokens; }
  const ConversionTally& tally() const override { return tally_; }

  absl::StatusOr<size_t> Read(absl::Span<float> out) override {
    if (left_.empty()) {
      if (next_row_ == layout_.rows) return size_t{0};
      EMB_RETURN_IF_ERROR(ReadRow());
    }
    const size_t count = std::min(out.size(), left_.size());
    std::copy_n(left_.begin(), count, out.begin());
    left_.remove_prefix(count);
    return count;
  }

 private:
  absl::StatusOr<absl::string_view> ReadLine() {
    ++line_;
    const auto line = stream_.ReadUntil('\n', kLineBytesMax);
    if (absl::IsOutOfRange(line.status())) {
      return WrongLine(line_, absl::StrCat("over ", kLineBytesMax, " bytes"));
    }
    EMB_RETURN_IF_ERROR(line.status());
    return line_ == 1 ? SkipByteOrderMark(*line) : *line;
  }

  absl::Status ReadRow() {
    if (line_ == 0 && layout_.header) {
      EMB_RETURN_IF_ERROR(ReadLine().status());
    }
    EMB_ASSIGN_OR_RETURN(const absl::string_view line, ReadLine());
    const auto token =
        SplitNumbers(line, layout_.separator, absl::MakeSpan(fields_));
    if (!token || (layout_.tokens ? !IsToken(*token) : !token->empty())) {
      return WrongFields(line);
    }
    for (size_t i = 0; i < row_.size(); ++i) {
      const auto value =
          ParseFloat(fields_[i],
                     next_row_ * layout_.dim + static_cast<int64_t>(i), tally_);
      if (!value.ok()) {
        return WrongLine(line_, absl::StrCat("value ", i + 1, ": ",
                                             value.status().message()));
      }
      row_[i] = *value;
    }
    left_ = row_;
    return sink_ ? sink_(next_row_++, *token) : (++next_row_, absl::OkStatus());
  }

  absl::Status WrongFields(absl::string_view line) const {
    const LineShape shape = ShapeOfLine(line, layout_.separator);
    if (shape.num_fields == 0) return WrongLine(line_, "empty");
    return WrongLine(line_, absl::StrCat(shape.num_fields, " fields, want ",
                                         layout_.tokens ? "a word and " : "",
                                         layout_.dim, " numbers"));
  }

  ByteStream stream_;
  const TextLayout layout_;
  const TokenSink sink_;
  ConversionTally tally_;
  std::vector<absl::string_view> fields_;
  std::vector<float> row_;
  absl::Span<const float> left_;  // Of row_.
  int64_t line_ = 0;              // The last that was read.
  int64_t next_row_ = 0;
};

// Lines up to the last that is not empty.
absl::StatusOr<int64_t> CountLines(ByteSource& bytes) {
  int64_t breaks = 0;
  int64_t lines = 0;
  for (int64_t at = 0; at < bytes.size_bytes(); at += kScanBytes) {
    EMB_ASSIGN_OR_RETURN(const std::string text,
                         ReadText(bytes, at, kScanBytes));
    const size_t last = absl::string_view(text).find_last_not_of(" \t\r\n");
    if (last != std::string::npos) {
      const auto end = text.begin() + static_cast<std::ptrdiff_t>(last);
      lines = breaks + std::count(text.begin(), end, '\n') + 1;
    }
    breaks += std::count(text.begin(), text.end(), '\n');
  }
  return lines;
}

absl::StatusOr<std::string> FirstLine(std::shared_ptr<ByteSource> bytes) {
  ByteStream stream(std::move(bytes));
  const auto line = stream.ReadUntil('\n', kLineBytesMax);
  if (!line.ok()) {
    return WrongLine(1, absl::StrCat("over ", kLineBytesMax, " bytes"));
  }
  return std::string(TrimLine(SkipByteOrderMark(*line)));
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenText(
    std::shared_ptr<ByteSource> bytes, const TextLayout& layout,
    const ReadOptions& options) {
  EMB_RETURN_IF_ERROR(CheckTableShape({layout.rows, layout.dim}));
  return std::make_unique<TextRows>(std::move(bytes), layout, options.tokens);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> OpenTsv(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const std::string first, FirstLine(bytes));
  TextLayout layout;
  layout.separator = SeparatorOf(first);
  const LineShape shape = ShapeOfLine(first, layout.separator);
  layout.tokens = shape.num_numbers < shape.num_fields;
  layout.dim = shape.num_numbers;
  if (layout.dim < 1 || (layout.tokens && shape.num_fields > layout.dim + 1)) {
    return WrongLine(1, absl::StrCat("\"", first.substr(0, 32),
                                     "\", want numbers with tabs between"));
  }
  EMB_ASSIGN_OR_RETURN(layout.rows, CountLines(*bytes));
  return OpenText(std::move(bytes), layout, options);
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenWord2vecText(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const std::string first, FirstLine(bytes));
  const auto header = ParseWord2vecHeader(first);
  if (!header) {
    return WrongLine(1, absl::StrCat("\"", first.substr(0, 32),
                                     "\", want the numbers of rows and dim"));
  }
  EMB_ASSIGN_OR_RETURN(const int64_t lines, CountLines(*bytes));
  if (lines - 1 != header->rows) {
    return absl::InvalidArgumentError(absl::StrCat(
        lines - 1 < header->rows ? "truncated: " : "lines after the rows: ",
        lines - 1, " lines of rows, want ", header->rows));
  }
  return OpenText(std::move(bytes),
                  {.rows = header->rows,
                   .dim = header->dim,
                   .separator = Separator::kBlanks,
                   .tokens = true,
                   .header = true},
                  options);
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenGlove(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const std::string first, FirstLine(bytes));
  const LineShape shape = ShapeOfLine(first, Separator::kBlanks);
  // Where all are numbers, the first is the word.
  const int64_t dim = std::min(shape.num_numbers, shape.num_fields - 1);
  if (dim < 1) {
    return WrongLine(1, absl::StrCat("\"", first.substr(0, 32),
                                     "\", want a word and numbers"));
  }
  EMB_ASSIGN_OR_RETURN(const int64_t rows, CountLines(*bytes));
  return OpenText(std::move(bytes),
                  {.rows = rows,
                   .dim = dim,
                   .separator = Separator::kBlanks,
                   .tokens = true,
                   .header = false},
                  options);
}

}  // namespace emb
