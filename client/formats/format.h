// The formats that are read, and how a file's is recognised.
#ifndef EMB_CLIENT_FORMATS_FORMAT_H_
#define EMB_CLIENT_FORMATS_FORMAT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/formats/byte_source.h"
#include "client/formats/row_reader.h"
#include "client/formats/source_type.h"

namespace emb {

enum class Format {
  kNpy,
  kNpz,
  kSafetensors,
  kTorch,
  kTsv,
  kWord2vecText,
  kWord2vecBinary,
  kGlove,
  kRaw,
};

// A format and, for raw values, the type of their elements.
struct FormatChoice {
  Format format = Format::kNpy;
  SourceType raw_type = SourceType::kFloat32;
};

// "npy", "safetensors", ...
absl::string_view FormatName(Format format);
// All of them, for people: "npy, npz, ...".
std::string FormatNames();

// What --format says: a name of FormatNames(), also "pt", "bytes" and such, or
// "raw-float16".
//
// Errors   INVALID_ARGUMENT  unknown; lists those that are known.
absl::StatusOr<FormatChoice> FormatNamed(absl::string_view name);

// The format by content: marks at the beginning; else raw values if options
// give rows and dim and the size agrees; else a header or lines of text.
//
// Errors   INVALID_ARGUMENT  none, or more than one; says what it seems to be.
absl::StatusOr<FormatChoice> RecogniseFormat(
    const std::shared_ptr<ByteSource>& bytes, const ReadOptions& options);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_FORMAT_H_
