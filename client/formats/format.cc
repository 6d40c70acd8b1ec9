#include "client/formats/format.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "client/formats/byte_order.h"
#include "client/formats/guess_format.h"
#include "client/formats/pickle_reader.h"
#include "client/formats/recognise_text.h"
#include "client/formats/torch_reader.h"
#include "client/formats/torch_tensors.h"
#include "client/formats/zip_archive.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr int64_t kHeadBytes = 64 << 10;
constexpr absl::string_view kRawPrefix = "raw-";

struct NamedFormat {
  absl::string_view name;
  Format format;
};

// The first name of each is the one to show.
constexpr NamedFormat kNames[] = {
    {"npy", Format::kNpy},
    {"npz", Format::kNpz},
    {"safetensors", Format::kSafetensors},
    {"torch", Format::kTorch},
    {"tsv", Format::kTsv},
    {"word2vec-text", Format::kWord2vecText},
    {"word2vec-binary", Format::kWord2vecBinary},
    {"glove", Format::kGlove},
    {"raw", Format::kRaw},
    {"pt", Format::kTorch},
    {"pth", Format::kTorch},
    {"projector", Format::kTsv},
    {"word2vec", Format::kWord2vecText},
    {"word2vec-txt", Format::kWord2vecText},
    {"w2v-text", Format::kWord2vecText},
    {"word2vec-bin", Format::kWord2vecBinary},
    {"w2v-binary", Format::kWord2vecBinary},
    {"glove-text", Format::kGlove},
    {"bytes", Format::kRaw},
};

absl::StatusOr<Format> RecogniseZip(std::shared_ptr<ByteSource> bytes) {
  EMB_ASSIGN_OR_RETURN(const ZipArchive archive,
                       ZipArchive::Open(std::move(bytes)));
  const auto has = [&](absl::string_view suffix) {
    return std::any_of(archive.members().begin(), archive.members().end(),
                       [&](const ZipMember& member) {
                         return absl::EndsWith(member.name, suffix);
                       });
  };
  if (has("data.pkl")) return Format::kTorch;
  if (has(".npy")) return Format::kNpz;
  return absl::InvalidArgumentError(
      absl::StrCat("a zip file of ", archive.members().size(),
                   " members, want one with .npy members (.npz) or data.pkl "
                   "(torch)"));
}

// By a mark that nothing else begins with.
absl::StatusOr<std::optional<Format>> RecogniseMark(
    absl::string_view head, const std::shared_ptr<ByteSource>& bytes) {
  constexpr absl::string_view kNpyMark = "\x93NUMPY";
  if (absl::StartsWith(head, kNpyMark) ||
      (!head.empty() && absl::StartsWith(kNpyMark, head))) {
    return Format::kNpy;
  }
  if (absl::StartsWith(head, "PK\x03\x04") ||
      absl::StartsWith(head, "PK\x05\x06")) {
    return RecogniseZip(bytes);
  }
  if (IsTorchStream(head)) return Format::kTorch;
  return std::nullopt;
}

// The length of the header comes first, then the JSON. Text there would be a
// length of more than 2^61. Where the JSON is broken, its words are there.
bool IsSafetensors(absl::string_view head) {
  return head.size() > 8 &&
         (head[8] == '{' || absl::StrContains(head, "\"data_offsets\"")) &&
         !std::all_of(head.begin(), head.begin() + 8,
                      [](char c) { return c >= ' ' && c <= '~'; });
}

// What a pickle holds that no tensor needs; empty: it is none, or holds nothing
// of the kind.
std::string ComplaintOfPickle(absl::string_view head) {
  if (!absl::StartsWith(head, "\x80")) return {};
  size_t position = 0;
  const absl::Status read = ReadPickle(head, position, IsTorchGlobal).status();
  // Of a longer one there is more than its head.
  if (read.ok() || absl::EndsWith(read.message(), "cut off")) return {};
  return absl::StrCat(" (", read.message(), ")");
}

bool IsRaw(int64_t size_bytes, const ReadOptions& options) {
  int64_t want = 0;
  return options.rows > 0 && options.dim > 0 &&
         !__builtin_mul_overflow(options.rows, options.dim, &want) &&
         !__builtin_mul_overflow(want, int64_t{sizeof(float)}, &want) &&
         want == size_bytes;
}

}  // namespace

absl::string_view FormatName(Format format) {
  for (const NamedFormat& named : kNames) {
    if (named.format == format) return named.name;
  }
  return {};
}

std::string FormatNames() {
  std::string names;
  for (const NamedFormat& named : kNames) {
    if (FormatName(named.format) != named.name) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", named.name);
  }
  return names;
}

absl::StatusOr<FormatChoice> FormatNamed(absl::string_view name) {
  const std::string wanted = absl::StrReplaceAll(name, {{"_", "-"}});
  for (const NamedFormat& named : kNames) {
    if (named.name == wanted) return FormatChoice{.format = named.format};
  }
  absl::string_view type_name = wanted;
  if (absl::ConsumePrefix(&type_name, kRawPrefix)) {
    const std::optional<SourceType> type = SourceTypeNamed(type_name);
    if (type) return FormatChoice{.format = Format::kRaw, .raw_type = *type};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--format: \"", name, "\", want one of ", FormatNames(),
                   " or raw-float16 and such"));
}

absl::StatusOr<FormatChoice> RecogniseFormat(
    const std::shared_ptr<ByteSource>& bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const std::string head, ReadText(*bytes, 0, kHeadBytes));
  EMB_ASSIGN_OR_RETURN(const std::optional<Format> marked,
                       RecogniseMark(head, bytes));
  if (marked) return FormatChoice{.format = *marked};
  if (IsRaw(bytes->size_bytes(), options)) {
    return FormatChoice{.format = Format::kRaw};
  }
  if (IsSafetensors(head)) return FormatChoice{.format = Format::kSafetensors};
  const bool whole = static_cast<int64_t>(head.size()) == bytes->size_bytes();
  EMB_ASSIGN_OR_RETURN(const std::optional<Format> text,
                       RecogniseText(head, whole));
  if (text) return FormatChoice{.format = *text};
  // Whoever gives a shape means raw values, of whatever size.
  if (options.rows > 0 && options.dim > 0) {
    return FormatChoice{.format = Format::kRaw};
  }
  return absl::InvalidArgumentError(
      absl::StrCat(GuessFormat(head), ComplaintOfPickle(head), ", want ",
                   FormatNames(), "; raw values want --rows and --dim"));
}

}  // namespace emb
