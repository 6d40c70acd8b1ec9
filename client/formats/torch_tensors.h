// The tensors that a pickle of torch.save describes.
//
// Source: torch/_utils.py, torch/serialization.py (PyTorch).
#ifndef EMB_CLIENT_FORMATS_TORCH_TENSORS_H_
#define EMB_CLIENT_FORMATS_TORCH_TENSORS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/formats/pickle_reader.h"
#include "client/formats/source_type.h"

namespace emb {

// Values that several tensors may share.
struct TorchStorage {
  std::string key;
  std::string type_name;  // "FloatStorage", ...
  int64_t num_elements = 0;
  int64_t element_bytes = 0;
};

// A view of a storage.
struct TorchTensor {
  // Keys of the dicts and places in the lists on the way, with dots between:
  // "model.item.weight"; empty for a tensor saved by itself.
  std::string name;
  TorchStorage storage;
  std::optional<SourceType> type;  // None: not read, as bool and complex.
  int64_t offset = 0;              // In elements, as strides.
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
};

// What such a pickle may name: how tensors are made, types of storages and
// elements, OrderedDict.
bool IsTorchGlobal(absl::string_view name);

// In the order of the file.
//
// Errors   INVALID_ARGUMENT  calls and arguments that torch.save does not
//                            write; nested too deep; over kTorchVisitsMax
//                            values on the way.
inline constexpr int64_t kTorchVisitsMax = int64_t{4} << 20;
absl::StatusOr<std::vector<TorchTensor>> CollectTensors(const Pickle& pickle);

// Every storage that the pickle refers to, repeats included.
absl::StatusOr<std::vector<TorchStorage>> CollectStorages(const Pickle& pickle);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_TORCH_TENSORS_H_
