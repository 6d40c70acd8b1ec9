// The digest of rows that are in memory.
#ifndef EMB_SERVER_ROWS_DIGEST_H_
#define EMB_SERVER_ROWS_DIGEST_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include "core/table.h"
#include "core/table_spec.h"
#include "storage/digest.h"

namespace emb {

// `rows` is a Table or a TableBuilder. Costs a pass over all of them.
template <typename Rows>
Digest DigestOfRows(const TableSpec& spec, const Rows& rows) {
  TableDigester digester(spec.num_rows, spec.dim, spec.dtype);
  for (int64_t row = 0; row < spec.num_rows;) {
    const auto next = rows.ContiguousRows(row, spec.num_rows - row);
    digester.Update(next);
    row += static_cast<int64_t>(next.size()) / spec.row_bytes();
  }
  return digester.Finish();
}

// The digest of rows that never change, computed when it is first asked for.
//
// Threads  Thread-safe.
class LazyDigest {
 public:
  // REQUIRES: always the same rows.
  const Digest& Of(const TableSpec& spec, const Table& rows) {
    std::call_once(once_, [&] {
      digest_ = DigestOfRows(spec, rows);
      known_.store(true, std::memory_order_release);
    });
    return digest_;
  }

  // Whether Of answers at once.
  bool is_known() const { return known_.load(std::memory_order_acquire); }
  // REQUIRES: is_known().
  const Digest& known() const { return digest_; }

 private:
  std::once_flag once_;
  std::atomic<bool> known_ = false;
  Digest digest_ = {};
};

}  // namespace emb

#endif  // EMB_SERVER_ROWS_DIGEST_H_
