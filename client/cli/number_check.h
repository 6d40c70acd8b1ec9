// Numbers on the command line.
#ifndef EMB_CLIENT_CLI_NUMBER_CHECK_H_
#define EMB_CLIENT_CLI_NUMBER_CHECK_H_

#include <cstdint>

#include "CLI/App.hpp"

namespace emb {

// For transform(): an integer of 64 bits in decimal. CLI11 alone would read
// 010 as 8 and cut 2^63 to 2^63 - 1.
CLI::Validator AsInteger();

// For check(), after AsInteger: an integer from 1 to `max`.
CLI::Validator IsFromOneTo(int64_t max);

// For check(): a finite number over 0.
CLI::Validator IsPositive();

}  // namespace emb

#endif  // EMB_CLIENT_CLI_NUMBER_CHECK_H_
