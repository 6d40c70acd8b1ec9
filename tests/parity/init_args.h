// Arguments of an initialiser as a golden case gives them.
#ifndef EMB_TESTS_PARITY_INIT_ARGS_H_
#define EMB_TESTS_PARITY_INIT_ARGS_H_

#include "core/initializer.h"
#include "tests/parity/golden.h"

namespace emb {

InitArgs InitArgsOf(const Json& args);

}  // namespace emb

#endif  // EMB_TESTS_PARITY_INIT_ARGS_H_
