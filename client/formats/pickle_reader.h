// Python pickles as data: the few opcodes of which torch.save makes state
// dicts. Nothing is ever called; what would be is kept as a node or refused.
//
// Source: Lib/pickletools.py (CPython), protocols 2 to 5.
#ifndef EMB_CLIENT_FORMATS_PICKLE_READER_H_
#define EMB_CLIENT_FORMATS_PICKLE_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emb {

struct PickleNode {
  enum class Kind {
    kNone,
    kBool,
    kInt,
    kFloat,
    kString,
    kTuple,
    kList,
    kDict,        // items: key, value, key, value, ...
    kGlobal,      // text: "module.name"
    kCall,        // items: global, tuple of arguments
    kPersistent,  // items: the persistent id
    kLong,        // text: little-endian bytes of an integer beyond 64 bits
  };
  Kind kind = Kind::kNone;
  int64_t number = 0;  // Of kBool and kInt.
  std::string text;
  std::vector<int32_t> items;  // Indices of nodes; may repeat and form cycles.
};

// What one pickle holds: nodes, the last of them built on the others.
struct Pickle {
  std::vector<PickleNode> nodes;
  int32_t root = 0;

  const PickleNode& operator[](int32_t index) const {
    return nodes[static_cast<size_t>(index)];
  }
};

inline constexpr size_t kPickleNodesMax = size_t{1} << 20;

// Whether "module.name" may occur.
using GlobalFilter = absl::FunctionRef<bool(absl::string_view name)>;

// Reads the pickle at `position` of `bytes` and moves `position` behind it.
// A call of collections.OrderedDict without arguments is an empty dict, and
// its state is left out.
//
// Errors   INVALID_ARGUMENT  an opcode that is not read or a global that
//                            `allowed` refuses, by name and place; cut off;
//                            more than kPickleNodesMax nodes; nonsense.
absl::StatusOr<Pickle> ReadPickle(absl::string_view bytes, size_t& position,
                                  GlobalFilter allowed);

}  // namespace emb

#endif  // EMB_CLIENT_FORMATS_PICKLE_READER_H_
