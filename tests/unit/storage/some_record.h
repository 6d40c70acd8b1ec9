// A version record with every field set, for tests of its encoding.
#ifndef EMB_TESTS_UNIT_STORAGE_SOME_RECORD_H_
#define EMB_TESTS_UNIT_STORAGE_SOME_RECORD_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "core/initializer.h"
#include "storage/version_record.h"

namespace emb {

inline VersionRecord SomeRecord() {
  VersionRecord record;
  record.spec.name = "users.v2-a_b";
  record.spec.num_rows = 1'000;
  record.spec.dim = 16;
  record.spec.padding_idx = 999;
  record.spec.initializer =
      *ParseInitializer("kaiming_uniform", {{"a", 0.25}, {"mode", "fan_out"}});
  record.spec.seed = 0xfedcba9876543210;
  record.spec.keep_padding_row = true;
  record.version = 5;
  record.generation = 77;
  record.chunk_rows = 64;
  record.revision = 3;
  record.folded_revision = 2;
  for (size_t i = 0; i < record.digest.size(); ++i) {
    record.digest[i] = static_cast<uint8_t>(i + 100);
  }
  record.created_at = absl::FromUnixMicros(1'700'000'000'123'456);
  return record;
}

}  // namespace emb

#endif  // EMB_TESTS_UNIT_STORAGE_SOME_RECORD_H_
