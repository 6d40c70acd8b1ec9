#include "storage/verify_version.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/status_macros.h"
#include "storage/digest.h"

namespace emb {

absl::Status VerifyVersion(TableStore& store, const VersionRecord& record,
                           Pacer& pacer) {
  const TableSpec& spec = record.spec;
  TableDigester digester(spec.num_rows, spec.dim, spec.dtype);
  EMB_RETURN_IF_ERROR(store.ScanChunks(
      record.generation, 0, record.num_chunks(),
      [&](int64_t, absl::Span<const std::byte> rows) {
        digester.Update(rows);
        return pacer.Advance(static_cast<int64_t>(rows.size()));
      }));
  EMB_RETURN_IF_ERROR(store.ScanPatches(
      record.generation, [&](int64_t, absl::Span<const std::byte> bytes) {
        return pacer.Advance(static_cast<int64_t>(bytes.size()));
      }));
  const Digest digest = digester.Finish();
  if (digest == record.digest) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "digest ", DigestToHex(digest), ", want ", DigestToHex(record.digest)));
}

}  // namespace emb
