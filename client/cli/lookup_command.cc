// embctl lookup.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands.h"
#include "client/cli/lookup_output.h"
#include "client/cli/npy_file.h"
#include "client/cli/number_check.h"
#include "client/cli/table_version.h"
#include "core/pooling.h"
#include "core/status_macros.h"
#include "nlohmann/json.hpp"

namespace emb {
namespace {

struct LookupFlags {
  std::string table;  // NAME or NAME@VERSION.
  std::vector<int64_t> ids;
  std::string ids_from;
  std::string out;
  std::string pool;
  std::string weights;
  std::string lengths;
  std::string pad_to;  // A number, or "longest".
  std::string pad_side;
  std::string keep;
  std::string missing;
  std::optional<int64_t> padding_id;
};

template <typename T>
absl::StatusOr<std::vector<T>> ParseList(absl::string_view flag,
                                         const std::string& text,
                                         bool (*parse)(absl::string_view, T*)) {
  std::vector<T> values;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    T value = 0;
    if (!parse(part, &value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          flag, ": \"", part, "\", want numbers with commas between them"));
    }
    values.push_back(value);
  }
  return values;
}

absl::Status SetIds(const LookupFlags& flags, Feature& feature) {
  if (flags.ids_from.empty() == flags.ids.empty()) {
    return absl::InvalidArgumentError(
        "ids: want either ID... or --ids-from FILE");
  }
  feature.ids = flags.ids;
  if (!flags.ids_from.empty()) {
    EMB_ASSIGN_OR_RETURN(IdsFile file, ReadIdsFile(flags.ids_from));
    feature.ids = std::move(file.ids);
    feature.shape = DenseShape{std::move(file.shape)};
  }
  if (!flags.lengths.empty()) {
    RaggedShape ragged;
    EMB_ASSIGN_OR_RETURN(
        ragged.lengths,
        ParseList<int64_t>("--lengths", flags.lengths, absl::SimpleAtoi));
    feature.shape = ragged;
  }
  return absl::OkStatus();
}

absl::StatusOr<Pad> PadOf(const LookupFlags& flags) {
  Pad pad;
  int64_t length = 0;
  if (absl::SimpleAtoi(flags.pad_to, &length)) {
    pad.length = length;
  } else if (flags.pad_to != "longest") {
    return absl::InvalidArgumentError(absl::StrCat(
        "--pad-to: \"", flags.pad_to, "\", want a number or longest"));
  }
  if (flags.pad_side == "left") pad.side = Pad::Side::kLeft;
  if (flags.keep == "last") pad.keep = Pad::Keep::kLast;
  return pad;
}

absl::StatusOr<Pool> PoolOf(const LookupFlags& flags) {
  Pool pool;
  EMB_ASSIGN_OR_RETURN(const PoolMode mode, ParsePoolMode(flags.pool));
  pool.mode = mode == PoolMode::kSum    ? Pool::Mode::kSum
              : mode == PoolMode::kMean ? Pool::Mode::kMean
                                        : Pool::Mode::kMax;
  if (!flags.weights.empty()) {
    EMB_ASSIGN_OR_RETURN(
        pool.weights,
        ParseList<float>("--weights", flags.weights, absl::SimpleAtof));
  }
  return pool;
}

// Without --lengths: the last axis of a file, or one sequence of all ids.
RaggedShape SequencesOf(const Feature& feature) {
  const auto num_ids = static_cast<int64_t>(feature.ids.size());
  const auto* const dense = std::get_if<DenseShape>(&feature.shape);
  if (dense == nullptr || dense->dims.empty()) return {{num_ids}};
  const int64_t length = dense->dims.back();
  if (length == 0) return {};
  return {std::vector<int64_t>(static_cast<size_t>(num_ids / length), length)};
}

absl::Status SetCombine(const LookupFlags& flags, Feature& feature) {
  if (!flags.pool.empty() && !flags.pad_to.empty()) {
    return absl::InvalidArgumentError("--pool, --pad-to: want only one");
  }
  if (!flags.weights.empty() && flags.pool != "sum") {
    return absl::InvalidArgumentError("--weights: want --pool sum with it");
  }
  if (flags.pad_to.empty() && !(flags.pad_side.empty() && flags.keep.empty())) {
    return absl::InvalidArgumentError(
        "--pad-side, --keep: want --pad-to with them");
  }
  if (!flags.pad_to.empty()) {
    EMB_ASSIGN_OR_RETURN(feature.combine, PadOf(flags));
    if (flags.lengths.empty()) feature.shape = SequencesOf(feature);
  }
  if (!flags.pool.empty()) {
    EMB_ASSIGN_OR_RETURN(feature.combine, PoolOf(flags));
  }
  return absl::OkStatus();
}

absl::StatusOr<Feature> FeatureOf(const LookupFlags& flags) {
  Feature feature;
  EMB_ASSIGN_OR_RETURN(const TableVersion table,
                       ParseTableVersion(flags.table));
  feature.table = table.name;
  feature.version = table.version;
  EMB_RETURN_IF_ERROR(SetIds(flags, feature));
  EMB_RETURN_IF_ERROR(SetCombine(flags, feature));
  feature.padding_id = flags.padding_id;
  feature.zeros_for_missing = flags.missing == "zeros";
  return feature;
}

absl::Status Lookup(const LookupFlags& flags, Session& session) {
  EMB_ASSIGN_OR_RETURN(const Feature feature, FeatureOf(flags));
  EMB_RETURN_IF_ERROR(CheckLookupOutput(flags.out, session));
  EMB_ASSIGN_OR_RETURN(const Client client,
                       session.connect(session.client_options));
  LookupRequest request;
  request.features = {feature};
  EMB_ASSIGN_OR_RETURN(const LookupResult result,
                       client.Lookup(request, session.call));
  return PutLookup(feature, result, flags.out, session);
}

void AddFlags(CLI::App& command, LookupFlags& flags) {
  command
      .add_option("NAME", flags.table,
                  "The table; NAME@VERSION for one that is current or pinned")
      ->required();
  command.add_option("ID", flags.ids, "Row indices, from 0")
      ->transform(AsInteger());
  command
      .add_option("--ids-from", flags.ids_from,
                  ".npy file of int32 or int64 ids of any shape")
      ->option_text("FILE");
  command
      .add_option("--out", flags.out,
                  "Write a float32 .npy file instead of JSON; - is the "
                  "standard output")
      ->option_text("FILE");
  command
      .add_option("--padding-id", flags.padding_id,
                  "An id that means \"nothing here\" and answers zeros")
      ->option_text("ID")
      ->transform(AsInteger());
}

void AddCombineFlags(CLI::App& command, LookupFlags& flags) {
  command
      .add_option("--lengths", flags.lengths,
                  "The ids are sequences (or bags) of these lengths")
      ->option_text("N,...");
  command
      .add_option("--pool", flags.pool,
                  "Combine each bag, or the last axis of --ids-from, into one "
                  "vector; padding is left out")
      ->option_text("sum|mean|max")
      ->check(CLI::IsMember({"sum", "mean", "max"}));
  command
      .add_option("--weights", flags.weights,
                  "With --pool sum: one factor an id, as 0.5,1,2")
      ->option_text("W,...");
  command
      .add_option("--pad-to", flags.pad_to,
                  "Pad sequences with zeros to this length; without --lengths "
                  "the ids, or each row of --ids-from, are one")
      ->option_text("N|longest");
  command.add_option("--pad-side", flags.pad_side, "Where zeros go [right]")
      ->option_text("left|right")
      ->check(CLI::IsMember({"left", "right"}));
  command
      .add_option("--keep", flags.keep,
                  "Which ids of a sequence that is too long [first]")
      ->option_text("first|last")
      ->check(CLI::IsMember({"first", "last"}));
  command
      .add_option("--missing", flags.missing,
                  "An id outside the table is an error, or zeros and listed "
                  "[error]")
      ->option_text("error|zeros")
      ->check(CLI::IsMember({"error", "zeros"}));
}

}  // namespace

void AddLookupCommand(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "lookup", "Looks up rows and prints them as JSON, a row a line");
  const auto flags = std::make_shared<LookupFlags>();
  AddFlags(*command, *flags);
  AddCombineFlags(*command, *flags);
  command->footer(
      "Examples:\n"
      "  embctl lookup item 1 2 3\n"
      "  embctl lookup item --ids-from history.npy --out rows.npy\n"
      "  embctl lookup item 1 2 3 --out - | python3 -c 'import io, sys, numpy; "
      "\\\n      print(numpy.load(io.BytesIO(sys.stdin.buffer.read())))'\n"
      "  embctl lookup item 1 2 3 4 5 --lengths 2,0,3 --pool mean\n"
      "  embctl lookup item 1 2 3 4 5 --lengths 2,3 --pad-to 4\n");
  command->callback([flags, &session] {
    session.action = [flags, &session] { return Lookup(*flags, session); };
  });
}

}  // namespace emb
