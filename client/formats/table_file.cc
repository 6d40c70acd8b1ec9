#include "client/formats/table_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/formats/npy_reader.h"
#include "client/formats/npz_reader.h"
#include "client/formats/raw_reader.h"
#include "client/formats/safetensors_reader.h"
#include "client/formats/text_reader.h"
#include "client/formats/torch_reader.h"
#include "client/formats/word2vec_reader.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr size_t kBlockFloats = 64 << 10;

absl::StatusOr<std::unique_ptr<RowReader>> OpenRows(
    FormatChoice choice, std::shared_ptr<ByteSource> bytes,
    const ReadOptions& options) {
  switch (choice.format) {
    case Format::kNpy:
      return OpenNpy(std::move(bytes), options);
    case Format::kNpz:
      return OpenNpz(std::move(bytes), options);
    case Format::kSafetensors:
      return OpenSafetensors(std::move(bytes), options);
    case Format::kTorch:
      return OpenTorch(std::move(bytes), options);
    case Format::kTsv:
      return OpenTsv(std::move(bytes), options);
    case Format::kWord2vecText:
      return OpenWord2vecText(std::move(bytes), options);
    case Format::kWord2vecBinary:
      return OpenWord2vecBinary(std::move(bytes), options);
    case Format::kGlove:
      return OpenGlove(std::move(bytes), options);
    case Format::kRaw:
      return OpenRaw(std::move(bytes), options, choice.raw_type);
  }
  return absl::InternalError("unknown format");
}

bool HasNames(Format format) {
  return format == Format::kNpz || format == Format::kSafetensors ||
         format == Format::kTorch;
}

absl::Status Named(const std::string& path, const absl::Status& status) {
  return {status.code(), absl::StrCat("\"", path, "\": ", status.message())};
}

absl::Status CheckOptions(const ReadOptions& options, Format format,
                          const RowReader& rows) {
  const auto check_count = [](absl::string_view what, int64_t given,
                              int64_t found) -> absl::Status {
    if (given == 0 || given == found) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("--", what, " ", given, ", but there are ", found));
  };
  EMB_RETURN_IF_ERROR(check_count("rows", options.rows, rows.num_rows()));
  EMB_RETURN_IF_ERROR(check_count("dim", options.dim, rows.dim()));
  if (options.tokens && !rows.has_tokens()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--tokens: there are no words in it, format ", FormatName(format)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OpenedTable> OpenTable(std::shared_ptr<ByteSource> bytes,
                                      const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const FormatChoice choice,
                       options.format.empty() ? RecogniseFormat(bytes, options)
                                              : FormatNamed(options.format));
  if (options.tensor && !HasNames(choice.format)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tensor: there is one table without a name in it, "
                     "format ",
                     FormatName(choice.format)));
  }
  EMB_ASSIGN_OR_RETURN(std::unique_ptr<RowReader> rows,
                       OpenRows(choice, std::move(bytes), options));
  EMB_RETURN_IF_ERROR(CheckOptions(options, choice.format, *rows));
  return OpenedTable{choice.format, std::move(rows)};
}

absl::StatusOr<std::vector<NamedShape>> ListTensors(const std::string& path,
                                                    const std::string& format) {
  const auto listed = [&]() -> absl::StatusOr<std::vector<NamedShape>> {
    EMB_ASSIGN_OR_RETURN(const std::shared_ptr<ByteSource> bytes,
                         FileBytes::Open(path));
    EMB_ASSIGN_OR_RETURN(
        const FormatChoice choice,
        format.empty() ? RecogniseFormat(bytes, {}) : FormatNamed(format));
    switch (choice.format) {
      case Format::kNpz:
        return ListNpz(bytes);
      case Format::kSafetensors:
        return ListSafetensors(*bytes);
      case Format::kTorch:
        return ListTorch(bytes);
      default:
        return absl::InvalidArgumentError(
            absl::StrCat("format ", FormatName(choice.format),
                         " holds one table, want safetensors, npz or torch"));
    }
  }();
  if (listed.ok()) return listed;
  return Named(path, listed.status());
}

absl::StatusOr<TableFile> TableFile::Open(const std::string& path,
                                          const ReadOptions& options) {
  TableFile file;
  file.path_ = path;
  auto bytes = FileBytes::Open(path);
  if (!bytes.ok()) return Named(path, bytes.status());
  file.bytes_ = *bytes;
  auto opened = OpenTable(*std::move(bytes), options);
  if (!opened.ok()) return Named(path, opened.status());
  file.format_ = std::string(FormatName(opened->format));
  file.rows_ = std::move(opened->rows);
  return file;
}

absl::StatusOr<size_t> TableFile::Read(absl::Span<std::byte> out) {
  size_t filled = 0;
  while (filled < out.size()) {
    if (left_.empty()) {
      const absl::Status status = LoadBlock();
      if (!status.ok()) return Named(path_, status);
      if (left_.empty()) break;
    }
    const size_t count = std::min(left_.size(), out.size() - filled);
    std::memcpy(out.data() + filled, left_.data(), count);
    left_.remove_prefix(count);
    filled += count;
  }
  return filled;
}

absl::Status TableFile::LoadBlock() {
  block_.resize(kBlockFloats);
  size_t filled = 0;
  while (filled < block_.size()) {
    EMB_ASSIGN_OR_RETURN(const size_t count,
                         rows_->Read(absl::MakeSpan(block_).subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  left_ = absl::MakeSpan(reinterpret_cast<const std::byte*>(block_.data()),
                         filled * sizeof(float));
  // What was read may be of one state of the file and of another.
  return bytes_->CheckUnchanged();
}

std::string DescribeConversion(const TableFile& file) {
  const ConversionTally& tally = file.tally();
  std::string text;
  const auto add = [&text](const auto&... parts) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", parts...);
  };
  if (tally.num_rounded > 0) {
    add(SourceTypeName(file.source_type()), ": ", tally.num_rounded,
        " values rounded to float32, largest error ",
        absl::StrFormat("%.3g", tally.max_abs_error), " at row ",
        tally.max_error_at / file.dim(), ", column ",
        tally.max_error_at % file.dim());
  } else if (file.source_type() != SourceType::kFloat32) {
    add(SourceTypeName(file.source_type()), ": exact in float32");
  }
  if (tally.num_nan > 0) add(tally.num_nan, " NaN");
  if (tally.num_infinite > 0) add(tally.num_infinite, " infinite");
  return text;
}

}  // namespace emb
