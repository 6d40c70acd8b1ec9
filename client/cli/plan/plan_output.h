// A plan of sizes, as text for people and as JSON for programs.
#ifndef EMB_CLIENT_CLI_PLAN_PLAN_OUTPUT_H_
#define EMB_CLIENT_CLI_PLAN_PLAN_OUTPUT_H_

#include <string>

#include "client/cli/plan/size_plan.h"
#include "nlohmann/json_fwd.hpp"

namespace emb {

// Every field of the plan by its name.
nlohmann::ordered_json PlanJson(const SizePlan& plan);

// The same for people, with what each number stands on.
std::string DescribePlan(const SizePlan& plan, const PlanOptions& options);

}  // namespace emb

#endif  // EMB_CLIENT_CLI_PLAN_PLAN_OUTPUT_H_
