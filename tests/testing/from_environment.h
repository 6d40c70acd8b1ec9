// How long and from which seed a test runs, as the environment says.
#ifndef EMB_TESTS_TESTING_FROM_ENVIRONMENT_H_
#define EMB_TESTS_TESTING_FROM_ENVIRONMENT_H_

#include <cstdint>
#include <cstdlib>

namespace emb {

// The number in a variable, or `absent`.
inline uint64_t FromEnvironment(const char* name, uint64_t absent) {
  const char* const text = std::getenv(name);
  return text == nullptr ? absent : std::strtoull(text, nullptr, 10);
}

}  // namespace emb

#endif  // EMB_TESTS_TESTING_FROM_ENVIRONMENT_H_
