#include "client/formats/row_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/formats/npy.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct NamedFormat {
  absl::string_view name;
  absl::string_view extension;
  WriteFormat format;
};
constexpr NamedFormat kFormats[] = {
    {"npy", ".npy", WriteFormat::kNpy},
    {"safetensors", ".safetensors", WriteFormat::kSafetensors},
    {"tsv", ".tsv", WriteFormat::kTsv},
    {"word2vec-binary", ".bin", WriteFormat::kWord2vecBinary},
    {"word2vec-text", ".txt", WriteFormat::kWord2vecText},
};

// Safetensors wants its data at a multiple of this.
constexpr size_t kAlignment = 8;

absl::string_view BytesOf(absl::Span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(float)};
}

void AppendNumber(float value, std::string& out) {
  if (std::isnan(value)) {
    out += "nan";
    return;
  }
  std::array<char, 32> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

absl::StatusOr<std::string> SafetensorsHeader(const WriteOptions& options) {
  if (options.tensor == "__metadata__") {
    return absl::InvalidArgumentError(
        "tensor \"__metadata__\": the format's own, want another name");
  }
  nlohmann::ordered_json json;
  json[options.tensor] = {
      {"dtype", "F32"},
      {"shape", {options.rows, options.dim}},
      {"data_offsets",
       {0, options.rows * options.dim * static_cast<int64_t>(sizeof(float))}}};
  std::string text =
      json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  // What JSON cannot hold has been replaced.
  if (!nlohmann::json::parse(text).contains(options.tensor)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor \"", absl::CHexEscape(options.tensor), "\": want UTF-8"));
  }
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  std::string header;
  for (size_t byte = 0; byte < sizeof(uint64_t); ++byte) {
    header += static_cast<char>(text.size() >> (8 * byte) & 0xff);
  }
  return header + text;
}

// Rows as they are in memory, behind a header.
class PlainWriter final : public RowWriter {
 public:
  explicit PlainWriter(ByteSink sink) : sink_(std::move(sink)) {}

  absl::Status Write(absl::Span<const float> rows) override {
    return sink_(BytesOf(rows));
  }

 private:
  const ByteSink sink_;
};

// One row at a time: what comes before its numbers, they, and a line's end.
class LineWriter final : public RowWriter {
 public:
  LineWriter(WriteFormat format, WriteOptions options, ByteSink sink)
      : format_(format), options_(std::move(options)), sink_(std::move(sink)) {}

  absl::Status Write(absl::Span<const float> rows) override {
    const auto dim = static_cast<size_t>(options_.dim);
    for (; !rows.empty(); rows.remove_prefix(dim)) {
      line_.clear();
      EMB_RETURN_IF_ERROR(AppendWord());
      AppendRow(rows.first(dim));
      EMB_RETURN_IF_ERROR(sink_(line_));
      ++next_row_;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status AppendWord() {
    if (format_ == WriteFormat::kTsv) return absl::OkStatus();
    std::string word = absl::StrCat(next_row_);
    if (options_.token) {
      EMB_ASSIGN_OR_RETURN(word, options_.token());
    }
    if (word.empty() || word.find_first_of(" \t\n\r") != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("row ", next_row_, ": the word \"", word,
                       "\" is empty or has a blank, which word2vec's files "
                       "cannot hold"));
    }
    absl::StrAppend(&line_, word, " ");
    return absl::OkStatus();
  }

  void AppendRow(absl::Span<const float> row) {
    if (format_ == WriteFormat::kWord2vecBinary) {
      absl::StrAppend(&line_, BytesOf(row), "\n");
      return;
    }
    const char between = format_ == WriteFormat::kTsv ? '\t' : ' ';
    for (const float value : row) {
      AppendNumber(value, line_);
      line_ += between;
    }
    line_.back() = '\n';
  }

  const WriteFormat format_;
  const WriteOptions options_;
  const ByteSink sink_;
  int64_t next_row_ = 0;
  std::string line_;
};

absl::StatusOr<std::string> HeaderOf(WriteFormat format,
                                     const WriteOptions& options) {
  switch (format) {
    case WriteFormat::kNpy:
      return FormatNpyHeader("<f4", {options.rows, options.dim});
    case WriteFormat::kSafetensors:
      return SafetensorsHeader(options);
    case WriteFormat::kTsv:
      return std::string();
    case WriteFormat::kWord2vecText:
    case WriteFormat::kWord2vecBinary:
      return absl::StrCat(options.rows, " ", options.dim, "\n");
  }
  return std::string();
}

}  // namespace

absl::StatusOr<WriteFormat> WriteFormatNamed(absl::string_view name) {
  std::string known;
  for (const NamedFormat& format : kFormats) {
    if (format.name == name) return format.format;
    absl::StrAppend(&known, known.empty() ? "" : ", ", format.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("format \"", name, "\": unknown, want one of ", known));
}

absl::StatusOr<WriteFormat> WriteFormatOfPath(absl::string_view path) {
  std::string known;
  for (const NamedFormat& format : kFormats) {
    if (absl::EndsWith(path, format.extension)) return format.format;
    absl::StrAppend(&known, known.empty() ? "" : ", ", format.extension);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", path, "\": its name tells no format, want --format or one of ",
      known));
}

absl::StatusOr<std::unique_ptr<RowWriter>> StartWriting(WriteFormat format,
                                                        WriteOptions options,
                                                        ByteSink sink) {
  EMB_ASSIGN_OR_RETURN(const std::string header, HeaderOf(format, options));
  if (!header.empty()) EMB_RETURN_IF_ERROR(sink(header));
  if (format == WriteFormat::kNpy || format == WriteFormat::kSafetensors) {
    return std::make_unique<PlainWriter>(std::move(sink));
  }
  return std::make_unique<LineWriter>(format, std::move(options),
                                      std::move(sink));
}

}  // namespace emb
