#include "client/formats/torch_reader.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/formats/byte_order.h"
#include "client/formats/choose_tensor.h"
#include "client/formats/pickle_reader.h"
#include "client/formats/tensor_rows.h"
#include "client/formats/torch_tensors.h"
#include "client/formats/zip_archive.h"
#include "core/status_macros.h"

namespace emb {
namespace {

using Kind = PickleNode::Kind;

// 0x1950a86a20f9469cfc6c, as pickled: LONG1 of 10 bytes, STOP.
constexpr absl::string_view kStreamMagic =
    "\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.";
// Protocol 4 writes a frame and a memo around it.
constexpr size_t kStreamMagicReach = 40;
constexpr int64_t kStreamProtocol = 1001;
constexpr size_t kCountBytes = 8;

absl::Status Wrong(absl::string_view complaint) {
  return absl::InvalidArgumentError(complaint);
}

absl::StatusOr<TorchTensor> Choose(std::vector<TorchTensor> tensors,
                                   const ReadOptions& options) {
  // A tensor saved by itself has no name to ask for.
  if (options.tensor && tensors.size() == 1 && tensors[0].name.empty()) {
    return Wrong("one tensor without a name, want no --tensor");
  }
  std::vector<std::string> names;
  names.reserve(tensors.size());
  for (const TorchTensor& tensor : tensors) names.push_back(tensor.name);
  EMB_ASSIGN_OR_RETURN(const size_t chosen,
                       ChooseTensor(names, options.tensor));
  return std::move(tensors[chosen]);
}

// `storage` holds the tensor's storage and nothing else.
absl::StatusOr<std::unique_ptr<RowReader>> OpenView(
    std::shared_ptr<ByteSource> storage, TorchTensor tensor, bool big_endian) {
  if (!tensor.type) {
    return Wrong(absl::StrCat("tensor \"", tensor.name.substr(0, 128),
                              "\": elements of ", tensor.storage.type_name,
                              ", want floats or integers"));
  }
  int64_t offset_bytes = 0;
  if (__builtin_mul_overflow(tensor.offset, SourceTypeBytes(*tensor.type),
                             &offset_bytes)) {
    return Wrong("a tensor begins beyond 2^63");
  }
  return OpenTensor({.bytes = std::move(storage),
                     .offset_bytes = offset_bytes,
                     .type = *tensor.type,
                     .big_endian = big_endian,
                     .shape = std::move(tensor.shape),
                     .strides = std::move(tensor.strides)});
}

absl::Status CheckStorageSize(const TorchStorage& storage, int64_t bytes) {
  int64_t want = 0;
  if (!__builtin_mul_overflow(storage.num_elements, storage.element_bytes,
                              &want) &&
      want == bytes) {
    return absl::OkStatus();
  }
  return Wrong(absl::StrCat(
      "storage \"", storage.key.substr(0, 64), "\": ", bytes, " bytes, want ",
      storage.num_elements, " x ", storage.element_bytes));
}

// The one pickle, whose folder holds the rest; nullptr: none.
absl::StatusOr<const ZipMember*> FindPickle(const ZipArchive& archive) {
  const ZipMember* found = nullptr;
  for (const ZipMember& member : archive.members()) {
    if (member.name != "data.pkl" && !absl::EndsWith(member.name, "/data.pkl"))
      continue;
    if (found != nullptr) return Wrong("two members named data.pkl");
    found = &member;
  }
  if (found == nullptr) return Wrong("a zip file without data.pkl, want one");
  if (found->size_bytes > kTorchPickleBytesMax) {
    return Wrong(absl::StrCat("data.pkl of ", found->size_bytes,
                              " bytes, want at most ", kTorchPickleBytesMax));
  }
  return found;
}

absl::StatusOr<std::string> ReadMember(const ZipArchive& archive,
                                       const ZipMember& member) {
  EMB_ASSIGN_OR_RETURN(const std::shared_ptr<ByteSource> bytes,
                       archive.OpenMember(member));
  return ReadText(*bytes, 0, kTorchPickleBytesMax);
}

absl::StatusOr<bool> IsBigEndian(const ZipArchive& archive,
                                 const std::string& folder) {
  EMB_ASSIGN_OR_RETURN(const ZipMember* const member,
                       archive.Find(folder + "byteorder"));
  if (member == nullptr) return false;  // Older ones are all little-endian.
  EMB_ASSIGN_OR_RETURN(const std::string order, ReadMember(archive, *member));
  if (order == "little" || order == "big") return order == "big";
  return Wrong("byteorder is neither little nor big");
}

absl::StatusOr<std::vector<TorchTensor>> ReadZipTensors(
    const ZipArchive& archive, const ZipMember& member) {
  EMB_ASSIGN_OR_RETURN(const std::string text, ReadMember(archive, member));
  size_t position = 0;
  EMB_ASSIGN_OR_RETURN(const Pickle pickle,
                       ReadPickle(text, position, IsTorchGlobal));
  if (position != text.size()) return Wrong("data.pkl: bytes after the pickle");
  return CollectTensors(pickle);
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenTorchZip(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const ZipArchive archive,
                       ZipArchive::Open(std::move(bytes)));
  EMB_ASSIGN_OR_RETURN(const ZipMember* const member, FindPickle(archive));
  EMB_ASSIGN_OR_RETURN(std::vector<TorchTensor> tensors,
                       ReadZipTensors(archive, *member));
  EMB_ASSIGN_OR_RETURN(TorchTensor tensor, Choose(std::move(tensors), options));
  const std::string folder(absl::StripSuffix(member->name, "data.pkl"));
  EMB_ASSIGN_OR_RETURN(const bool big_endian, IsBigEndian(archive, folder));
  EMB_ASSIGN_OR_RETURN(
      const ZipMember* const data,
      archive.Find(absl::StrCat(folder, "data/", tensor.storage.key)));
  if (data == nullptr) {
    return Wrong(absl::StrCat("storage \"", tensor.storage.key.substr(0, 64),
                              "\" is missing"));
  }
  EMB_RETURN_IF_ERROR(CheckStorageSize(tensor.storage, data->size_bytes));
  EMB_ASSIGN_OR_RETURN(std::shared_ptr<ByteSource> storage,
                       archive.OpenMember(*data));
  return OpenView(std::move(storage), std::move(tensor), big_endian);
}

// What comes before the storages of a stream.
struct StreamHead {
  Pickle object;
  std::vector<std::string> keys;  // Of the storages, in the order of the file.
  size_t data_offset = 0;
};

// Neither a magic number, nor the sizes of C's types, nor keys need names.
bool NoGlobal(absl::string_view) { return false; }

absl::StatusOr<StreamHead> ReadStreamHead(absl::string_view text) {
  StreamHead head;
  size_t& position = head.data_offset;
  EMB_RETURN_IF_ERROR(ReadPickle(text, position, NoGlobal).status());
  EMB_ASSIGN_OR_RETURN(const Pickle protocol,
                       ReadPickle(text, position, NoGlobal));
  if (protocol[protocol.root].kind != Kind::kInt ||
      protocol[protocol.root].number != kStreamProtocol) {
    return Wrong(
        absl::StrCat("not version ", kStreamProtocol, " of torch's stream"));
  }
  // The machine it was written on; storages are little-endian on all.
  EMB_RETURN_IF_ERROR(ReadPickle(text, position, NoGlobal).status());
  EMB_ASSIGN_OR_RETURN(head.object, ReadPickle(text, position, IsTorchGlobal));
  EMB_ASSIGN_OR_RETURN(const Pickle keys, ReadPickle(text, position, NoGlobal));
  for (const int32_t item : keys[keys.root].items) {
    if (keys[item].kind != Kind::kString) return Wrong("want keys of storages");
    head.keys.push_back(keys[item].text);
  }
  return head;
}

struct StreamPart {
  int64_t begin = 0;
  int64_t size_bytes = 0;
};

// Steps over the storages and returns where each is: a count of 8 bytes before
// its elements.
absl::StatusOr<absl::flat_hash_map<std::string, StreamPart>> FindStorages(
    ByteSource& bytes, const StreamHead& head) {
  EMB_ASSIGN_OR_RETURN(const std::vector<TorchStorage> storages,
                       CollectStorages(head.object));
  absl::flat_hash_map<absl::string_view, const TorchStorage*> by_key;
  for (const TorchStorage& storage : storages) by_key[storage.key] = &storage;
  absl::flat_hash_map<std::string, StreamPart> parts;
  auto next = static_cast<int64_t>(head.data_offset);
  for (const std::string& key : head.keys) {
    const auto known = by_key.find(key);
    if (known == by_key.end()) {
      return Wrong(absl::StrCat("storage \"", key.substr(0, 64),
                                "\" belongs to no tensor"));
    }
    const TorchStorage& storage = *known->second;
    EMB_ASSIGN_OR_RETURN(const std::string count,
                         ReadText(bytes, next, int64_t{kCountBytes}));
    next += static_cast<int64_t>(kCountBytes);
    int64_t size_bytes = 0;
    if (count.size() < kCountBytes ||
        __builtin_mul_overflow(storage.num_elements, storage.element_bytes,
                               &size_bytes) ||
        size_bytes > bytes.size_bytes() - next) {
      return Wrong(absl::StrCat("truncated: storage \"", key.substr(0, 64),
                                "\" reaches past the end"));
    }
    if (LittleEndian(count, 0, kCountBytes) !=
        static_cast<uint64_t>(storage.num_elements)) {
      return Wrong(absl::StrCat("storage \"", key.substr(0, 64),
                                "\": its number of elements, want ",
                                storage.num_elements));
    }
    parts[key] = {next, size_bytes};
    next += size_bytes;
  }
  if (next != bytes.size_bytes()) {
    return Wrong(
        absl::StrCat("bytes after the storages, from byte ", next, " on"));
  }
  return parts;
}

absl::StatusOr<std::vector<TorchTensor>> ListTorchZip(
    std::shared_ptr<ByteSource> bytes) {
  EMB_ASSIGN_OR_RETURN(const ZipArchive archive,
                       ZipArchive::Open(std::move(bytes)));
  EMB_ASSIGN_OR_RETURN(const ZipMember* const member, FindPickle(archive));
  return ReadZipTensors(archive, *member);
}

absl::StatusOr<std::vector<TorchTensor>> ListTorchStream(ByteSource& bytes) {
  EMB_ASSIGN_OR_RETURN(const std::string text,
                       ReadText(bytes, 0, kTorchPickleBytesMax));
  EMB_ASSIGN_OR_RETURN(const StreamHead head, ReadStreamHead(text));
  return CollectTensors(head.object);
}

absl::StatusOr<bool> HoldsStream(ByteSource& bytes) {
  EMB_ASSIGN_OR_RETURN(const std::string head,
                       ReadText(bytes, 0, int64_t{kStreamMagicReach}));
  return IsTorchStream(head);
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenTorchStream(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const std::string text,
                       ReadText(*bytes, 0, kTorchPickleBytesMax));
  EMB_ASSIGN_OR_RETURN(const StreamHead head, ReadStreamHead(text));
  EMB_ASSIGN_OR_RETURN(std::vector<TorchTensor> tensors,
                       CollectTensors(head.object));
  EMB_ASSIGN_OR_RETURN(const auto parts, FindStorages(*bytes, head));
  EMB_ASSIGN_OR_RETURN(TorchTensor tensor, Choose(std::move(tensors), options));
  const auto part = parts.find(tensor.storage.key);
  if (part == parts.end()) {
    return Wrong(absl::StrCat("storage \"", tensor.storage.key.substr(0, 64),
                              "\" is missing"));
  }
  EMB_RETURN_IF_ERROR(
      CheckStorageSize(tensor.storage, part->second.size_bytes));
  auto storage = std::make_shared<PartBytes>(
      std::move(bytes), part->second.begin, part->second.size_bytes);
  return OpenView(std::move(storage), std::move(tensor), /*big_endian=*/false);
}

}  // namespace

bool IsTorchStream(absl::string_view head) {
  return absl::StartsWith(head, "\x80") &&
         absl::StrContains(head.substr(0, kStreamMagicReach), kStreamMagic);
}

absl::StatusOr<std::vector<NamedShape>> ListTorch(
    std::shared_ptr<ByteSource> bytes) {
  EMB_ASSIGN_OR_RETURN(const bool is_stream, HoldsStream(*bytes));
  EMB_ASSIGN_OR_RETURN(
      std::vector<TorchTensor> found,
      is_stream ? ListTorchStream(*bytes) : ListTorchZip(std::move(bytes)));
  std::vector<NamedShape> tensors;
  tensors.reserve(found.size());
  for (TorchTensor& tensor : found) {
    tensors.push_back({std::move(tensor.name), std::move(tensor.shape)});
  }
  return tensors;
}

absl::StatusOr<std::unique_ptr<RowReader>> OpenTorch(
    std::shared_ptr<ByteSource> bytes, const ReadOptions& options) {
  EMB_ASSIGN_OR_RETURN(const bool is_stream, HoldsStream(*bytes));
  if (is_stream) return OpenTorchStream(std::move(bytes), options);
  return OpenTorchZip(std::move(bytes), options);
}

}  // namespace emb
