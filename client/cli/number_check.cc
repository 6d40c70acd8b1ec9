#include "client/cli/number_check.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace emb {

CLI::Validator AsInteger() {
  return {[](std::string& text) -> std::string {
            int64_t value = 0;
            if (!absl::SimpleAtoi(text, &value)) {
              return absl::StrCat("\"", text, "\", want an integer of 64 bits");
            }
            text = absl::StrCat(value);  // Without leading zeros.
            return "";
          },
          ""};
}

CLI::Validator IsFromOneTo(int64_t max) {
  return {[max](std::string& text) -> std::string {
            int64_t value = 0;
            if (absl::SimpleAtoi(text, &value) && value >= 1 && value <= max) {
              return "";
            }
            return absl::StrCat(text, ", want 1 to ", max);
          },
          ""};
}

CLI::Validator IsPositive() {
  return {[](std::string& text) -> std::string {
            double value = 0;
            if (absl::SimpleAtod(text, &value) && std::isfinite(value) &&
                value > 0) {
              return "";
            }
            return absl::StrCat("\"", text, "\", want a number over 0");
          },
          ""};
}

}  // namespace emb
