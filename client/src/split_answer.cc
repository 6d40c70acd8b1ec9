#include "client/src/split_answer.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "client/src/slice_reader.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

enum WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// What stands before a bytes field of this number.
constexpr uint64_t BytesTag(int number) {
  return static_cast<uint64_t>(number) << 3 | kBytes;
}

void AppendVarint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) {
    out.push_back(static_cast<char>(value | 0x80));
  }
  out.push_back(static_cast<char>(value));
}

// Copies a field, for the generated class to read.
void CopyField(uint64_t tag, SliceReader& reader, std::string& out) {
  AppendVarint(tag, out);
  uint64_t bytes = 0;
  switch (tag & 7) {
    case kVarint:
      AppendVarint(reader.Varint(), out);
      return;
    case kFixed64:
      bytes = 8;
      break;
    case kFixed32:
      bytes = 4;
      break;
    case kBytes:
      bytes = reader.Varint();
      AppendVarint(bytes, out);
      break;
    default:
      return reader.Fail();
  }
  reader.Read(bytes, &out);
}

}  // namespace

absl::StatusOr<SplitAnswer> SplitAnswer::Split(
    const grpc::ByteBuffer& message) {
  const auto malformed = [] {
    return absl::InternalError("malformed answer: not a LookupResponse");
  };
  SplitAnswer answer;
  if (!message.Dump(&answer.slices_).ok()) return malformed();
  SliceReader reader(answer.slices_);
  std::string fields;
  std::vector<std::string> results;
  while (reader.ok() && reader.position() < reader.size()) {
    const uint64_t tag = reader.Varint();
    if (tag != BytesTag(pb::LookupResponse::kResultsFieldNumber)) {
      CopyField(tag, reader, fields);
      continue;
    }
    const uint64_t bytes = reader.Varint();
    if (bytes > reader.size() - reader.position()) return malformed();
    const size_t end = reader.position() + bytes;
    std::string& result = results.emplace_back();
    Range& values = answer.values_.emplace_back();
    while (reader.ok() && reader.position() < end) {
      const uint64_t field = reader.Varint();
      if (field == BytesTag(pb::FeatureResult::kValuesFieldNumber)) {
        const uint64_t size = reader.Varint();
        values = {reader.position(), size};
        reader.Read(size, nullptr);
      } else {
        CopyField(field, reader, result);
      }
    }
    if (reader.position() != end) return malformed();
  }
  if (!reader.ok() || !answer.response_.ParseFromString(fields)) {
    return malformed();
  }
  for (const std::string& result : results) {
    if (!answer.response_.add_results()->ParseFromString(result)) {
      return malformed();
    }
  }
  return answer;
}

void SplitAnswer::CopyValues(size_t index, absl::Span<std::byte> out) const {
  assert(out.size() == values_[index].size);
  size_t skip = values_[index].begin;
  for (const grpc::Slice& slice : slices_) {
    if (out.empty()) return;
    if (skip >= slice.size()) {
      skip -= slice.size();
      continue;
    }
    const size_t count = std::min(out.size(), slice.size() - skip);
    std::memcpy(out.data(), slice.begin() + skip, count);
    out.remove_prefix(count);
    skip = 0;
  }
}

}  // namespace emb
