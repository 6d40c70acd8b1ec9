// A server's status as text for people and as JSON for programs.
#ifndef EMB_CLIENT_CLI_STATUS_OUTPUT_H_
#define EMB_CLIENT_CLI_STATUS_OUTPUT_H_

#include <string>

#include "emb/types.h"
#include "nlohmann/json_fwd.hpp"

namespace emb {

nlohmann::ordered_json StatusJson(const ServerStatus& status);
std::string DescribeStatus(const ServerStatus& status);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_STATUS_OUTPUT_H_
