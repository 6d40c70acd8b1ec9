// Runs a test on every instruction set, not only on the best one.
#ifndef EMB_TESTS_TESTING_SIMD_TARGETS_H_
#define EMB_TESTS_TESTING_SIMD_TARGETS_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "gtest/gtest.h"
#include "hwy/highway.h"

namespace emb {

// Calls `test` once for each instruction set that this CPU has and the kernels
// were compiled for.
inline void ForEachSimdTarget(absl::FunctionRef<void()> test) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::GetChosenTarget().Update(target);
    test();
  }
  hwy::GetChosenTarget().DeInit();
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_SIMD_TARGETS_H_
