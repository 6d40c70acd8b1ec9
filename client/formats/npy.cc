#include "client/formats/npy.h"

#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/formats/guess_format.h"
#include "core/status_macros.h"

namespace emb {
namespace {

constexpr absl::string_view kMagic = "\x93NUMPY";
constexpr size_t kRankMax = 32;  // As NumPy.

absl::Status Wrong(absl::string_view complaint) {
  return absl::InvalidArgumentError(complaint);
}

// A strict reader of the one Python literal a header is made of: a dict of
// strings, booleans and one tuple of integers. Anything else is refused.
class DictReader {
 public:
  explicit DictReader(absl::string_view text) : rest_(text) {}

  absl::StatusOr<NpyHeader> Read() {
    NpyHeader header;
    if (!Consume('{')) return Wrong("header: want a dict");
    while (!Consume('}')) {
      EMB_ASSIGN_OR_RETURN(const std::string key, ReadString());
      if (!Consume(':')) return Wrong("header: want ':' after a key");
      EMB_RETURN_IF_ERROR(ReadValue(key, header));
      if (!Consume(',') && !Peek('}')) {
        return Wrong("header: want ',' or '}' after a value");
      }
    }
    SkipBlanks();
    if (!rest_.empty()) return Wrong("header: text after the dict");
    if (!has_descr_ || !has_order_ || !has_shape_) {
      return Wrong("header: want descr, fortran_order and shape");
    }
    return header;
  }

 private:
  void SkipBlanks() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  bool Peek(char c) {
    SkipBlanks();
    return !rest_.empty() && rest_.front() == c;
  }

  bool Consume(char c) {
    if (!Peek(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  absl::StatusOr<std::string> ReadString() {
    SkipBlanks();
    const char quote = rest_.empty() ? '\0' : rest_.front();
    if (quote != '\'' && quote != '"') return Wrong("header: want a string");
    const size_t end = rest_.find(quote, 1);
    if (end == absl::string_view::npos) {
      return Wrong("header: a string does not end");
    }
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  absl::Status ReadValue(const std::string& key, NpyHeader& header) {
    bool* const seen = key == "descr"           ? &has_descr_
                       : key == "fortran_order" ? &has_order_
                       : key == "shape"         ? &has_shape_
                                                : nullptr;
    if (seen == nullptr) {
      return Wrong(
          absl::StrCat("header: unknown key \"", key.substr(0, 32), "\""));
    }
    if (*seen) return Wrong(absl::StrCat("header: ", key, " twice"));
    *seen = true;
    if (key == "descr") return ReadDescr(header);
    if (key == "shape") return ReadShape(header);
    SkipBlanks();
    header.fortran_order = absl::ConsumePrefix(&rest_, "True");
    if (header.fortran_order || absl::ConsumePrefix(&rest_, "False")) {
      return absl::OkStatus();
    }
    return Wrong("header: want True or False for fortran_order");
  }

  absl::Status ReadDescr(NpyHeader& header) {
    if (Peek('[')) {
      return Wrong("structured elements, want numbers");
    }
    EMB_ASSIGN_OR_RETURN(header.descr, ReadString());
    return absl::OkStatus();
  }

  absl::Status ReadShape(NpyHeader& header) {
    if (!Consume('(')) return Wrong("header: want a tuple for shape");
    bool comma = false;
    while (!Consume(')')) {
      SkipBlanks();
      size_t digits = 0;
      while (digits < rest_.size() &&
             absl::ascii_isdigit(static_cast<unsigned char>(rest_[digits]))) {
        ++digits;
      }
      int64_t extent = 0;
      if (!absl::SimpleAtoi(rest_.substr(0, digits), &extent)) {
        return Wrong("header: an extent is no integer of 64 bits");
      }
      rest_.remove_prefix(digits);
      header.shape.push_back(extent);
      if (header.shape.size() > kRankMax) return Wrong("header: rank over 32");
      comma = Consume(',');
      if (!comma && !Peek(')')) {
        return Wrong("header: want ',' or ')' after an extent");
      }
    }
    // Python's (5) is a number; the tuple is (5,).
    if (header.shape.size() == 1 && !comma) {
      return Wrong("header: want a tuple for shape, as (5,)");
    }
    return absl::OkStatus();
  }

  absl::string_view rest_;
  bool has_descr_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

// Length of the header's text, and where it begins.
struct HeaderPlace {
  size_t begin = 0;
  size_t length = 0;
};

absl::StatusOr<HeaderPlace> FindHeader(absl::string_view head) {
  if (!head.empty() && absl::StartsWith(kMagic, head)) {
    return Wrong("cut off inside the header");
  }
  if (!absl::StartsWith(head, kMagic)) {
    return Wrong(absl::StrCat("not a .npy file but ", GuessFormat(head)));
  }
  if (head.size() < 8) return Wrong("cut off inside the header");
  const int major = static_cast<unsigned char>(head[6]);
  const int minor = static_cast<unsigned char>(head[7]);
  if (major < 1 || major > 3 || minor != 0) {
    return Wrong(absl::StrCat(".npy version ", major, ".", minor,
                              ", want 1.0, 2.0 or 3.0"));
  }
  // The length is little-endian, 2 bytes in version 1 and 4 since.
  const size_t length_bytes = major == 1 ? 2 : 4;
  HeaderPlace place = {8 + length_bytes, 0};
  if (head.size() < place.begin) return Wrong("cut off inside the header");
  for (size_t i = 0; i < length_bytes; ++i) {
    place.length |= static_cast<size_t>(static_cast<unsigned char>(head[8 + i]))
                    << (8 * i);
  }
  return place;
}

}  // namespace

absl::StatusOr<NpyHeader> ParseNpyHeader(absl::string_view head) {
  EMB_ASSIGN_OR_RETURN(const HeaderPlace place, FindHeader(head));
  if (place.length > head.size() - place.begin && head.size() < kNpyHeadBytes) {
    return Wrong(absl::StrCat("header of ", place.length, " bytes, but only ",
                              head.size() - place.begin, " are there"));
  }
  if (place.length > kNpyHeadBytes - place.begin) {
    return Wrong(absl::StrCat("header of ", place.length,
                              " bytes, want less than ", kNpyHeadBytes));
  }
  EMB_ASSIGN_OR_RETURN(
      NpyHeader header,
      DictReader(head.substr(place.begin, place.length)).Read());
  header.data_offset = static_cast<int64_t>(place.begin + place.length);
  return header;
}

std::string FormatNpyHeader(absl::string_view descr,
                            absl::Span<const int64_t> shape) {
  const std::string extents = absl::StrJoin(shape, ", ");
  std::string dict = absl::StrCat(
      "{'descr': '", descr, "', 'fortran_order': False, 'shape': (", extents,
      shape.size() == 1 ? ",), }" : "), }");
  constexpr size_t kBefore = 10;  // Magic, version, length.
  while ((kBefore + dict.size() + 1) % 64 != 0) dict += ' ';
  dict += '\n';
  std::string header(kMagic);
  header += {'\x01', '\x00', static_cast<char>(dict.size() & 0xFF),
             static_cast<char>(dict.size() >> 8)};
  return header + dict;
}

}  // namespace emb
