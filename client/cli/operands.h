// "--", after which nothing is a flag: embctl lookup item -- -1 7.
#ifndef EMB_CLIENT_CLI_OPERANDS_H_
#define EMB_CLIENT_CLI_OPERANDS_H_

#include <string>
#include <vector>

#include "CLI/App.hpp"

namespace emb {

// Takes the first "--" away and marks what comes after it, so that the parser
// does not take it for flags. CLI11's own "--" hands the rest to the parent
// command as soon as no argument is required any more.
std::vector<std::string> MarkOperands(std::vector<std::string> args);

// Without the mark, if it has one.
std::string UnmarkOperand(const std::string& arg);

// Makes all arguments of `app` and of its commands take the mark off. Call it
// when they have all been added.
void UnmarkOperands(CLI::App& app);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_OPERANDS_H_
