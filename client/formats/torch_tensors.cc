#include "client/formats/torch_tensors.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/status_macros.h"

namespace emb {
namespace {

using Kind = PickleNode::Kind;

constexpr int kDepthMax = 64;
constexpr absl::string_view kUntyped = "UntypedStorage";

struct StorageType {
  absl::string_view name;
  int64_t element_bytes;
  std::optional<SourceType> type;
};

constexpr StorageType kStorageTypes[] = {
    {"HalfStorage", 2, SourceType::kFloat16},
    {"BFloat16Storage", 2, SourceType::kBFloat16},
    {"FloatStorage", 4, SourceType::kFloat32},
    {"DoubleStorage", 8, SourceType::kFloat64},
    {"CharStorage", 1, SourceType::kInt8},
    {"ShortStorage", 2, SourceType::kInt16},
    {"IntStorage", 4, SourceType::kInt32},
    {"LongStorage", 8, SourceType::kInt64},
    {"ByteStorage", 1, SourceType::kUint8},
    // These are stepped over, not read.
    {"BoolStorage", 1, std::nullopt},
    {"ComplexFloatStorage", 8, std::nullopt},
    {"ComplexDoubleStorage", 16, std::nullopt},
    {"QInt8Storage", 1, std::nullopt},
    {"QUInt8Storage", 1, std::nullopt},
    {"QInt32Storage", 4, std::nullopt},
    // Of tensors that name their type themselves.
    {kUntyped, 1, std::nullopt},
};

const StorageType* FindStorageType(absl::string_view global) {
  if (!absl::ConsumePrefix(&global, "torch.cuda.") &&
      !absl::ConsumePrefix(&global, "torch.storage.") &&
      !absl::ConsumePrefix(&global, "torch.")) {
    return nullptr;
  }
  const auto* const found = std::find_if(
      std::begin(kStorageTypes), std::end(kStorageTypes),
      [&](const StorageType& type) { return type.name == global; });
  return found == std::end(kStorageTypes) ? nullptr : found;
}

constexpr absl::string_view kTensor = "torch._utils._rebuild_tensor";
constexpr absl::string_view kTensor2 = "torch._utils._rebuild_tensor_v2";
constexpr absl::string_view kTensor3 = "torch._utils._rebuild_tensor_v3";
constexpr absl::string_view kParameter = "torch._utils._rebuild_parameter";
constexpr absl::string_view kSize = "torch.Size";

absl::Status Wrong(absl::string_view complaint) {
  return absl::InvalidArgumentError(absl::StrCat("torch pickle: ", complaint));
}

// ('storage', type, key, location, number of elements[, None])
absl::StatusOr<TorchStorage> ParseStorage(const Pickle& pickle,
                                          const PickleNode& persistent) {
  if (persistent.kind != Kind::kPersistent) return Wrong("want a storage");
  const std::vector<int32_t>& id = pickle[persistent.items[0]].items;
  if (id.size() < 5 || id.size() > 6 || pickle[id[0]].text != "storage" ||
      pickle[id[1]].kind != Kind::kGlobal ||
      pickle[id[2]].kind != Kind::kString || pickle[id[4]].kind != Kind::kInt ||
      pickle[id[4]].number < 0) {
    return Wrong("a storage is not described as torch.save does");
  }
  if (id.size() == 6 && pickle[id[5]].kind != Kind::kNone) {
    return Wrong("a storage is a view of another one, of an old torch");
  }
  const StorageType* const type = FindStorageType(pickle[id[1]].text);
  if (type == nullptr) {
    return Wrong(absl::StrCat("\"", pickle[id[1]].text, "\" is no storage"));
  }
  return TorchStorage{.key = pickle[id[2]].text,
                      .type_name = std::string(type->name),
                      .num_elements = pickle[id[4]].number,
                      .element_bytes = type->element_bytes};
}

absl::StatusOr<std::vector<int64_t>> ParseExtents(const Pickle& pickle,
                                                  const PickleNode& tuple) {
  if (tuple.kind != Kind::kTuple) return Wrong("want a tuple of integers");
  std::vector<int64_t> extents;
  for (const int32_t item : tuple.items) {
    if (pickle[item].kind != Kind::kInt || pickle[item].number < 0) {
      return Wrong("want extents and strides of 0 and more");
    }
    extents.push_back(pickle[item].number);
  }
  return extents;
}

// Finds the type of elements by the storage, or by the argument of newer
// tensors.
absl::Status SetType(const Pickle& pickle, const std::vector<int32_t>& args,
                     absl::string_view callee, TorchTensor& tensor) {
  if (callee != kTensor3) {
    tensor.type =
        FindStorageType(absl::StrCat("torch.", tensor.storage.type_name))->type;
    return absl::OkStatus();
  }
  if (args.size() < 7 || pickle[args[6]].kind != Kind::kGlobal) {
    return Wrong("_rebuild_tensor_v3 without a dtype");
  }
  tensor.type =
      SourceTypeNamed(absl::StripPrefix(pickle[args[6]].text, "torch."));
  return absl::OkStatus();
}

// (storage, offset, size, stride[, requires_grad, hooks[, ...]])
absl::StatusOr<TorchTensor> ParseTensor(const Pickle& pickle,
                                        const PickleNode& call) {
  const std::string& callee = pickle[call.items[0]].text;
  const std::vector<int32_t>& args = pickle[call.items[1]].items;
  if (args.size() < 4 || pickle[args[1]].kind != Kind::kInt ||
      pickle[args[1]].number < 0) {
    return Wrong("a tensor is not described as torch.save does");
  }
  TorchTensor tensor;
  EMB_ASSIGN_OR_RETURN(tensor.storage, ParseStorage(pickle, pickle[args[0]]));
  tensor.offset = pickle[args[1]].number;
  EMB_ASSIGN_OR_RETURN(tensor.shape, ParseExtents(pickle, pickle[args[2]]));
  EMB_ASSIGN_OR_RETURN(tensor.strides, ParseExtents(pickle, pickle[args[3]]));
  if (tensor.shape.size() != tensor.strides.size()) {
    return Wrong("a tensor with more axes than strides, or fewer");
  }
  EMB_RETURN_IF_ERROR(SetType(pickle, args, callee, tensor));
  // Marks such as "negated when read" stand in an argument of their own.
  const size_t metadata = callee == kTensor3 ? 7 : 6;
  if (args.size() > metadata && !pickle[args[metadata]].items.empty()) {
    return Wrong("a tensor that is conjugated or negated when read");
  }
  return tensor;
}

// Walks dicts, lists and tuples.
class Collector {
 public:
  explicit Collector(const Pickle& pickle) : pickle_(pickle) {}

  absl::Status Visit(int32_t index, const std::string& name, int depth) {
    if (++visits_ > kTorchVisitsMax) {
      return Wrong(absl::StrCat("over ", kTorchVisitsMax, " values"));
    }
    if (depth > kDepthMax) {
      return Wrong(absl::StrCat("nested deeper than ", kDepthMax));
    }
    const PickleNode& node = pickle_[index];
    switch (node.kind) {
      case Kind::kDict:
        return VisitDict(node, name, depth);
      case Kind::kList:
      case Kind::kTuple:
        return VisitList(node, name, depth);
      case Kind::kCall:
        return VisitCall(node, name, depth);
      default:
        return absl::OkStatus();
    }
  }

  std::vector<TorchTensor> TakeTensors() { return std::move(tensors_); }

 private:
  static std::string Join(const std::string& name, absl::string_view key) {
    return name.empty() ? std::string(key) : absl::StrCat(name, ".", key);
  }

  absl::Status VisitDict(const PickleNode& dict, const std::string& name,
                         int depth) {
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleNode& key = pickle_[dict.items[i]];
      // What has another key cannot be named on a command line.
      if (key.kind != Kind::kString && key.kind != Kind::kInt) continue;
      EMB_RETURN_IF_ERROR(Visit(
          dict.items[i + 1],
          Join(name,
               key.kind == Kind::kString ? key.text : absl::StrCat(key.number)),
          depth + 1));
    }
    return absl::OkStatus();
  }

  absl::Status VisitList(const PickleNode& list, const std::string& name,
                         int depth) {
    for (size_t i = 0; i < list.items.size(); ++i) {
      EMB_RETURN_IF_ERROR(
          Visit(list.items[i], Join(name, absl::StrCat(i)), depth + 1));
    }
    return absl::OkStatus();
  }

  absl::Status VisitCall(const PickleNode& call, const std::string& name,
                         int depth) {
    const std::string& callee = pickle_[call.items[0]].text;
    const std::vector<int32_t>& args = pickle_[call.items[1]].items;
    if (callee == kSize) return absl::OkStatus();
    if (callee == kParameter && !args.empty()) {
      return Visit(args[0], name, depth + 1);
    }
    if (callee != kTensor && callee != kTensor2 && callee != kTensor3) {
      return Wrong(absl::StrCat("a call of \"", callee, "\", not read"));
    }
    EMB_ASSIGN_OR_RETURN(TorchTensor tensor, ParseTensor(pickle_, call));
    tensor.name = name;
    tensors_.push_back(std::move(tensor));
    return absl::OkStatus();
  }

  const Pickle& pickle_;
  std::vector<TorchTensor> tensors_;
  int64_t visits_ = 0;
};

}  // namespace

bool IsTorchGlobal(absl::string_view name) {
  constexpr absl::string_view kNames[] = {"collections.OrderedDict",
                                          kTensor,
                                          kTensor2,
                                          kTensor3,
                                          kParameter,
                                          kSize,
                                          "torch.bool",
                                          "torch.complex64",
                                          "torch.complex128",
                                          "torch.float8_e4m3fn",
                                          "torch.float8_e5m2"};
  return std::find(std::begin(kNames), std::end(kNames), name) !=
             std::end(kNames) ||
         FindStorageType(name) != nullptr ||
         (absl::ConsumePrefix(&name, "torch.") && SourceTypeNamed(name));
}

absl::StatusOr<std::vector<TorchTensor>> CollectTensors(const Pickle& pickle) {
  Collector collector(pickle);
  EMB_RETURN_IF_ERROR(collector.Visit(pickle.root, "", 0));
  return collector.TakeTensors();
}

absl::StatusOr<std::vector<TorchStorage>> CollectStorages(
    const Pickle& pickle) {
  std::vector<TorchStorage> storages;
  for (const PickleNode& node : pickle.nodes) {
    if (node.kind != Kind::kPersistent) continue;
    EMB_ASSIGN_OR_RETURN(TorchStorage storage, ParseStorage(pickle, node));
    storages.push_back(std::move(storage));
  }
  return storages;
}

}  // namespace emb
