// How one version of a table takes the place of another in memory.
#ifndef EMB_SERVER_SWAP_POLICY_H_
#define EMB_SERVER_SWAP_POLICY_H_

namespace emb {

enum class SwapPolicy {
  // The next one is loaded beside the old one: no lookup fails, and memory
  // holds both for a while.
  kLoadFirst,
  // The old one goes first: memory holds one, and lookups of the table answer
  // UNAVAILABLE until the next one is there.
  kUnloadFirst,
};

}  // namespace emb

#endif  // EMB_SERVER_SWAP_POLICY_H_
