#include "client/cli/table_flags.h"

#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/str_cat.h"
#include "client/cli/number_check.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "nlohmann/json.hpp"

namespace emb {

void AddTableFlags(CLI::App& command, TableFlags& flags) {
  command
      .add_option("NAME", flags.name,
                  "The table: 1 to 128 of letters, digits, '.', '_', '-'")
      ->required();
  command
      .add_option("--padding-idx", flags.padding_idx,
                  "Row that means padding and is kept zero; a negative one "
                  "counts from the end")
      ->option_text("ROW")
      ->transform(AsInteger());
  command
      .add_option("--dtype", flags.dtype,
                  "Type of the stored elements: float32, float16, bfloat16, "
                  "int8 or int4 (a scale and a bias per row)")
      ->option_text("TYPE")
      ->capture_default_str();
  command
      .add_option("--max-norm", flags.max_norm,
                  "Scale rows of a greater norm down to this one as they enter")
      ->option_text("NORM");
  command
      .add_option("--norm-type", flags.norm_type,
                  "The p of that norm, also 0, 0.5, inf [2]")
      ->option_text("P");
}

absl::StatusOr<TableOptions> OptionsOf(const TableFlags& flags) {
  TableOptions options;
  options.name = flags.name;
  options.num_rows = flags.rows;
  options.dim = flags.dim;
  options.padding_idx = flags.padding_idx;
  options.max_norm = flags.max_norm;
  options.norm_type = flags.norm_type;
  for (const ElementType type :
       {ElementType::kFloat32, ElementType::kFloat16, ElementType::kBFloat16,
        ElementType::kInt8Rowwise, ElementType::kInt4Rowwise}) {
    if (flags.dtype == ElementTypeName(type)) options.dtype = type;
  }
  if (options.dtype == ElementType::kDefault) {
    return absl::InvalidArgumentError(
        absl::StrCat("--dtype: \"", flags.dtype,
                     "\", want float32, float16, bfloat16, int8 or int4"));
  }
  return options;
}

void PrintTable(absl::string_view verb, const TableInfo& table,
                Session& session) {
  if (session.json) {
    session.out << JsonLine(TableJson(table));
    return;
  }
  session.out << verb << " " << table.options.name << ": "
              << WithCommas(table.options.num_rows) << " rows x "
              << table.options.dim << ", "
              << ElementTypeName(table.options.dtype) << ", "
              << HumanBytes(table.data_bytes) << ", version " << table.version
              << "\n";
}

}  // namespace emb
