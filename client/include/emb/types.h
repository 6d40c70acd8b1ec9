// What a caller says and gets, as plain types. C++17; no generated code.
//
// Field by field these are the messages of proto/embedding/v1, where every
// rule and limit is written down.
#ifndef EMB_TYPES_H_
#define EMB_TYPES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace emb {

// Element types. kDefault means float32 wherever it is used.
enum class ElementType {
  kDefault = 0,
  kFloat32 = 1,
  kFloat16 = 2,
  kBFloat16 = 3,
  kInt8Rowwise = 4,
  kInt4Rowwise = 5,
};

// "float32", "float16", "bfloat16", "int8", "int4"; "default".
const char* ElementTypeName(ElementType type);

// Ids as a dense array of any rank; no extents: a scalar.
struct DenseShape {
  std::vector<int64_t> dims;
};

// Ids as consecutive sequences (or bags) of these lengths.
struct RaggedShape {
  std::vector<int64_t> lengths;

  // From the offsets that torch.nn.EmbeddingBag takes: sequence i is
  // ids[offsets[i], offsets[i + 1]), and the last one runs to the end of
  // num_ids ids. With include_last_offset the last offset is that end, and
  // there is one sequence fewer.
  //
  // Errors   INVALID_ARGUMENT  the first offset is not 0, one is less than
  //                            that before or beyond num_ids, the last offset
  //                            included is not num_ids, or it is missing;
  //                            ids without offsets. Names the position.
  static absl::StatusOr<RaggedShape> FromOffsets(
      const std::vector<int64_t>& offsets, int64_t num_ids,
      bool include_last_offset = false);
};

// Pads ragged sequences to one length: the answer is [batch, length, dim].
struct Pad {
  enum class Side { kRight, kLeft };
  enum class Keep { kFirst, kLast };
  // In ids, at least 1; unset: that of the longest sequence.
  std::optional<int64_t> length;
  Side side = Side::kRight;
  Keep keep = Keep::kFirst;  // Of a sequence that is too long.
};

// Combines each bag into one vector, as torch.nn.EmbeddingBag does. Bags are
// the sequences of a RaggedShape or the last axis of dense ids.
struct Pool {
  enum class Mode { kSum, kMean, kMax };
  Mode mode = Mode::kMean;
  std::vector<float> weights;  // One per id, or none; only with kSum.
};

// One table, the ids wanted from it, and what to do with their rows.
struct Feature {
  std::string table;
  uint64_t version = 0;  // 0: the current one.
  std::vector<int64_t> ids;
  // monostate: one axis of all ids.
  std::variant<std::monostate, DenseShape, RaggedShape> shape;
  // monostate: every row is returned, in id order.
  std::variant<std::monostate, Pad, Pool> combine;
  std::optional<int64_t> padding_id;  // Beside the table's own padding_idx.
  bool zeros_for_missing = false;     // False: a missing id is an error.
  ElementType dtype = ElementType::kDefault;  // Of the answer: a float type.
};

struct LookupRequest {
  std::vector<Feature> features;
  // True: a failed feature has a status of its own, the others are answered.
  bool partial = false;
};

// Arguments of torch.nn.init, by PyTorch's names.
struct InitializerSpec {
  std::string scheme;  // Such as "xavier_uniform"; empty: "normal".
  std::map<std::string, std::variant<double, std::string>> args;
};

// What a table shall be.
struct TableOptions {
  std::string name;
  int64_t num_rows = 0;
  int64_t dim = 0;
  ElementType dtype = ElementType::kDefault;
  std::optional<int64_t> padding_idx;  // Negative: counts from the end.
  std::optional<double> max_norm;
  std::optional<double> norm_type;
  InitializerSpec initializer;  // Not used by an import.
  uint64_t seed = 0;            // Not used by an import.
};

// By how much stored elements differ from the float32 ones they were made of.
struct TableError {
  double max_abs = 0;  // The largest difference.
  double rms = 0;      // The root of the mean of squared differences.
};

// What a table is.
struct TableInfo {
  TableOptions options;  // With defaults filled in.
  uint64_t version = 0;
  uint64_t revision = 0;
  std::string digest;  // XXH3-128, 32 hexadecimal digits.
  int64_t data_bytes = 0;
  absl::Time created_at;
  bool keep_padding_row = false;
  bool initialized = false;  // False: imported.
  bool current = false;      // Lookups that name no version see this one.
  bool pinned = false;       // Kept, and in memory, until it is unpinned.
  bool in_memory = false;    // Lookups may name it.
  // What the dtype lost when the table was made; none for float32.
  std::optional<TableError> quantization_error;
  // OK: serving. DATA_LOSS: damaged, lookups of this table fail. UNAVAILABLE:
  // another version takes its place.
  absl::Status state;
};

// One version of one table.
struct TableVersion {
  std::string name;
  uint64_t version = 0;  // 0: the newest.
};

// New values for rows of the current version of a table.
struct RowValues {
  std::string table;
  std::vector<int64_t> ids;   // Of one that is named twice the last counts.
  std::vector<float> values;  // [ids.size(), dim], row-major.
  // Refuse the whole request unless the table is at this revision.
  std::optional<uint64_t> expected_revision;
};

// What came of an UpsertRows.
struct UpsertOutcome {
  uint64_t epoch = 0;  // Lookups at this epoch and later see the rows.
  struct Table {
    uint64_t version = 0;
    uint64_t revision = 0;
  };
  std::vector<Table> tables;  // In the order of the request.
  // A request of the same id had been done before; this is its outcome.
  bool repeated_request = false;
};

// One backup of all tables.
struct BackupInfo {
  int64_t id = 0;  // 1, 2, 3 ...; never used twice.
  absl::Time created_at;
  int64_t bytes = 0;   // Of its files, also those that others share.
  uint64_t epoch = 0;  // Of the moment that it keeps.
  int64_t num_tables = 0;
  bool damaged = false;  // Files are missing or of the wrong size.
};

struct BackupOptions {
  int64_t keep = 0;              // Only so many, the newest; 0: all.
  int64_t bytes_per_second = 0;  // Read no faster; 0: as fast as it goes.
};

struct RestoredTables {
  uint64_t epoch = 0;
  int64_t num_tables = 0;
};

// What was found on disk.
struct VerifyResult {
  std::string files_error;  // Empty: the store's files are sound.
  struct Version {
    TableVersion table;
    int64_t data_bytes = 0;
    std::string error;  // Empty: it is sound.
  };
  std::vector<Version> versions;
};

struct ServerStatus {
  enum class State { kUnknown, kLoading, kServing, kDraining };
  State state = State::kUnknown;
  std::string version;
  absl::Duration uptime;
  uint64_t epoch = 0;
  int64_t num_tables = 0;
  int64_t num_rows = 0;
  int64_t memory_used_bytes = 0;
  int64_t memory_limit_bytes = 0;
  // Why changes are refused; empty: they are taken. Lookups go on.
  std::string write_error;
  int64_t disk_used_bytes = 0;  // By the store.
  int64_t disk_free_bytes = 0;
  // Made by this process of the server; the epoch: none was.
  absl::Time last_backup_at = absl::UnixEpoch();
};

}  // namespace emb

#endif  // EMB_TYPES_H_
