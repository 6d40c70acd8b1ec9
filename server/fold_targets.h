// Where row patches go besides their own generation.
#ifndef EMB_SERVER_FOLD_TARGETS_H_
#define EMB_SERVER_FOLD_TARGETS_H_

#include <map>

#include "storage/table_store.h"

namespace emb {

// While a version is being folded, its patches go to the generation that will
// take its place too, so that none is missing there when it does. By the
// generation that is being folded.
//
// Threads  Only inside of what Committer::Commit calls: one change at a time.
using FoldTargets = std::map<Generation, Generation>;

}  // namespace emb

#endif  // EMB_SERVER_FOLD_TARGETS_H_
