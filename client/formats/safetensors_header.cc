#include "client/formats/safetensors_header.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/formats/tensor_rows.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

using nlohmann::json;

constexpr size_t kRankMax = 32;

// Takes the events of the parser and refuses at once whatever the format does
// not have, so that no text makes it build anything large or deep.
class HeaderSax final : public nlohmann::json_sax<json> {
 public:
  std::vector<SafetensorsEntry> TakeEntries() { return std::move(entries_); }
  const std::string& complaint() const { return complaint_; }

  bool null() override { return Refuse("null"); }
  bool boolean(bool) override { return Refuse("a boolean"); }
  bool number_integer(number_integer_t) override {
    return Refuse("a negative number");
  }
  bool number_float(number_float_t, const string_t&) override {
    return Refuse("a number that is no integer of 64 bits");
  }
  bool binary(binary_t&) override { return Refuse("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (!in_array_ || value > uint64_t{std::numeric_limits<int64_t>::max()} ||
        numbers_.size() == kRankMax) {
      return Refuse("a number");
    }
    numbers_.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool string(string_t& value) override {
    if (depth_ != 2 || in_array_) return Refuse("a string");
    if (in_metadata_) return true;
    if (field_ != "dtype" || has_dtype_) return Refuse("a string");
    has_dtype_ = true;
    entry_.dtype = std::move(value);
    return true;
  }

  bool start_object(size_t) override {
    if (depth_ >= 2 || in_array_) return Refuse("an object");
    ++depth_;
    entry_ = {};
    entry_.name = name_;
    has_dtype_ = has_shape_ = has_offsets_ = false;
    return true;
  }

  bool key(string_t& value) override {
    if (depth_ == 1) {
      name_ = std::move(value);
      in_metadata_ = name_ == "__metadata__";
    } else {
      field_ = std::move(value);
    }
    return true;
  }

  bool end_object() override {
    --depth_;
    if (depth_ == 0 || std::exchange(in_metadata_, false)) return true;
    if (!has_dtype_ || !has_shape_ || !has_offsets_) {
      return RefuseEntry("want dtype, shape and data_offsets");
    }
    entries_.push_back(std::move(entry_));
    return true;
  }

  bool start_array(size_t) override {
    const bool wanted = depth_ == 2 && !in_metadata_ && !in_array_ &&
                        ((field_ == "shape" && !has_shape_) ||
                         (field_ == "data_offsets" && !has_offsets_));
    if (!wanted) return Refuse("an array");
    in_array_ = true;
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    in_array_ = false;
    if (field_ == "shape") {
      has_shape_ = true;
      entry_.shape = numbers_;
      return true;
    }
    if (numbers_.size() != 2) return RefuseEntry("want two data_offsets");
    has_offsets_ = true;
    entry_.begin = numbers_[0];
    entry_.end = numbers_[1];
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const json::exception&) override {
    complaint_ = absl::StrCat("not JSON from byte ", position, " on");
    return false;
  }

 private:
  bool Refuse(absl::string_view what) {
    return RefuseEntry(absl::StrCat(what, " at \"",
                                    absl::CHexEscape(field_.substr(0, 64)),
                                    "\" is no part of the format"));
  }

  bool RefuseEntry(absl::string_view complaint) {
    complaint_ = absl::StrCat(
        "tensor \"", absl::CHexEscape(name_.substr(0, 128)), "\": ", complaint);
    return false;
  }

  std::vector<SafetensorsEntry> entries_;
  std::string complaint_;
  int depth_ = 0;  // 1: names of tensors, 2: their fields.
  bool in_metadata_ = false;
  bool in_array_ = false;
  std::string name_;
  std::string field_;
  std::vector<int64_t> numbers_;
  SafetensorsEntry entry_;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
};

// 0: not known here, as types of less than a byte.
int64_t BytesOfDtype(absl::string_view dtype) {
  constexpr std::pair<absl::string_view, int64_t> kDtypes[] = {
      {"BOOL", 1},    {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1},
      {"F8_E5M2", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2},    {"I32", 4}, {"U32", 4}, {"F32", 4},
      {"I64", 8},     {"U64", 8}, {"F64", 8}, {"C64", 8}};
  for (const auto& [name, bytes] : kDtypes) {
    if (name == dtype) return bytes;
  }
  return 0;
}

absl::Status WrongEntry(const SafetensorsEntry& entry,
                        absl::string_view complaint) {
  return absl::InvalidArgumentError(absl::StrCat(
      "tensor \"", absl::CHexEscape(entry.name.substr(0, 128)), "\": bytes [",
      entry.begin, ", ", entry.end, ") ", complaint));
}

absl::Status CheckSize(const SafetensorsEntry& entry) {
  const int64_t element_bytes = BytesOfDtype(entry.dtype);
  EMB_ASSIGN_OR_RETURN(int64_t want, CountElements(entry.shape));
  if (element_bytes == 0) return absl::OkStatus();
  if (__builtin_mul_overflow(want, element_bytes, &want) ||
      want != entry.end - entry.begin) {
    return WrongEntry(
        entry, absl::StrCat("do not fit shape ", ShapeText(entry.shape), " of ",
                            entry.dtype));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsHeader(
    absl::string_view text) {
  HeaderSax sax;
  // It must begin at once: a blank would not be the format's.
  if (text.empty() || text.front() != '{') {
    return absl::InvalidArgumentError(
        absl::StrCat("header: not JSON from byte 0 on: \"",
                     absl::CHexEscape(text.substr(0, 1)), "\", want {"));
  }
  if (!json::sax_parse(text.begin(), text.end(), &sax)) {
    return absl::InvalidArgumentError(
        absl::StrCat("header: ", sax.complaint()));
  }
  return sax.TakeEntries();
}

absl::Status CheckSafetensorsLayout(absl::Span<const SafetensorsEntry> entries,
                                    int64_t data_bytes) {
  std::vector<const SafetensorsEntry*> in_order;
  in_order.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) in_order.push_back(&entry);
  std::sort(in_order.begin(), in_order.end(),
            [](const SafetensorsEntry* a, const SafetensorsEntry* b) {
              return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
            });
  int64_t next = 0;
  for (const SafetensorsEntry* entry : in_order) {
    if (entry->end < entry->begin) return WrongEntry(*entry, "end too early");
    if (entry->end > data_bytes) {
      return WrongEntry(*entry, absl::StrCat("are past the end, truncated: ",
                                             data_bytes, " are there"));
    }
    if (entry->begin != next) {
      return WrongEntry(*entry, entry->begin < next
                                    ? "overlap another tensor's"
                                    : absl::StrCat("leave a hole from ", next));
    }
    EMB_RETURN_IF_ERROR(CheckSize(*entry));
    next = entry->end;
  }
  if (next != data_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("bytes after the tensors: ", data_bytes, ", want ", next));
  }
  return absl::OkStatus();
}

}  // namespace emb
