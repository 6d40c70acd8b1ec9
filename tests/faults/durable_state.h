// What tables must be and what a server shows of them, for durable_load.
#ifndef EMB_TESTS_FAULTS_DURABLE_STATE_H_
#define EMB_TESTS_FAULTS_DURABLE_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "emb/client.h"

namespace emb {

inline constexpr int64_t kDim = 64;

// One version of a table. Changes are numbered, and no number is used twice:
// an element that another change wrote is never taken for this one's.
struct VersionState {
  uint64_t revision = 0;
  bool created = false;  // Else it was imported.
  // Of each row the number of the change that wrote it; its elements are that,
  // the table's number, the version and the row, by turns. Negative: the table
  // was created so, and all elements are the number.
  std::vector<float> changes;
};

// One table. Versions that did not change are shared by the states of a table.
struct TableState {
  std::map<uint64_t, std::shared_ptr<const VersionState>> versions;
  uint64_t current = 0;  // 0: none is published.
};

// Tables by their numbers; one that is absent was dropped.
using TableStates = std::map<int64_t, TableState>;

std::string TableName(int64_t table);

// Appends the elements of a row that change `change` wrote.
void AppendRow(int64_t table, uint64_t version, int64_t row, float change,
               std::vector<float>& elements);

// All elements of a version, row-major.
std::vector<float> ElementsOf(int64_t table, uint64_t version,
                              const VersionState& state);

// A version as a server shows it.
struct SeenVersion {
  TableInfo info;
  std::vector<float> elements;
};

// By table, then version; no versions: there is no such table.
using SeenTables = std::map<int64_t, std::vector<SeenVersion>>;

// Reads all of these tables: what is listed, what is exported, and what one
// lookup of all of them finds.
//
// Errors   INTERNAL  these three do not agree; those of the client.
absl::StatusOr<SeenTables> ReadTables(const Client& client,
                                      const std::vector<int64_t>& tables);

// The first thing in which tables are not as they must be; empty: none.
std::string DifferenceOf(const SeenTables& seen, const TableStates& want);

}  // namespace emb

#endif  // EMB_TESTS_FAULTS_DURABLE_STATE_H_
