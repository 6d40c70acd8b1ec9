#include "client/src/convert.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

// Both enums have the same numbers.
static_assert(static_cast<int>(ElementType::kFloat32) == pb::DTYPE_FLOAT32);
static_assert(static_cast<int>(ElementType::kFloat16) == pb::DTYPE_FLOAT16);
static_assert(static_cast<int>(ElementType::kBFloat16) == pb::DTYPE_BFLOAT16);
static_assert(static_cast<int>(ElementType::kInt8Rowwise) ==
              pb::DTYPE_INT8_ROWWISE);
static_assert(static_cast<int>(ElementType::kInt4Rowwise) ==
              pb::DTYPE_INT4_ROWWISE);
pb::DType ToProto(ElementType type) { return static_cast<pb::DType>(type); }

void PadToProto(const Pad& pad, pb::Pad& proto) {
  if (pad.length) proto.set_length(*pad.length);
  proto.set_side(pad.side == Pad::Side::kLeft ? pb::Pad::SIDE_LEFT
                                              : pb::Pad::SIDE_RIGHT);
  proto.set_keep(pad.keep == Pad::Keep::kLast ? pb::Pad::KEEP_LAST
                                              : pb::Pad::KEEP_FIRST);
}

void PoolToProto(const Pool& pool, pb::Pool& proto) {
  switch (pool.mode) {
    case Pool::Mode::kSum:
      proto.set_mode(pb::Pool::MODE_SUM);
      break;
    case Pool::Mode::kMean:
      proto.set_mode(pb::Pool::MODE_MEAN);
      break;
    case Pool::Mode::kMax:
      proto.set_mode(pb::Pool::MODE_MAX);
      break;
  }
  proto.mutable_weights()->Add(pool.weights.begin(), pool.weights.end());
}

void FeatureToProto(const Feature& feature, pb::Feature& proto) {
  proto.set_table(feature.table);
  proto.set_version(feature.version);
  proto.mutable_ids()->Add(feature.ids.begin(), feature.ids.end());
  if (const auto* dense = std::get_if<DenseShape>(&feature.shape)) {
    proto.mutable_dense()->mutable_dims()->Add(dense->dims.begin(),
                                               dense->dims.end());
  } else if (const auto* ragged = std::get_if<RaggedShape>(&feature.shape)) {
    proto.mutable_ragged()->mutable_lengths()->Add(ragged->lengths.begin(),
                                                   ragged->lengths.end());
  }
  if (const auto* pad = std::get_if<Pad>(&feature.combine)) {
    PadToProto(*pad, *proto.mutable_pad());
  } else if (const auto* pool = std::get_if<Pool>(&feature.combine)) {
    PoolToProto(*pool, *proto.mutable_pool());
  }
  if (feature.padding_id) proto.set_padding_id(*feature.padding_id);
  if (feature.zeros_for_missing) {
    proto.set_missing_ids(pb::MISSING_IDS_ZEROS);
  }
  proto.set_dtype(ToProto(feature.dtype));
}

void InitializerToProto(const InitializerSpec& init, pb::Initializer& proto) {
  proto.set_scheme(init.scheme);
  for (const auto& [name, value] : init.args) {
    pb::InitArgument& arg = (*proto.mutable_args())[name];
    if (const auto* number = std::get_if<double>(&value)) {
      arg.set_number(*number);
    } else {
      arg.set_text(std::get<std::string>(value));
    }
  }
}

InitializerSpec InitializerFromProto(const pb::Initializer& proto) {
  InitializerSpec init;
  init.scheme = proto.scheme();
  for (const auto& [name, arg] : proto.args()) {
    if (arg.value_case() == pb::InitArgument::kNumber) {
      init.args[name] = arg.number();
    } else {
      init.args[name] = arg.text();
    }
  }
  return init;
}

}  // namespace

ElementType FromProto(pb::DType type) { return static_cast<ElementType>(type); }

pb::LookupRequest ToProto(const LookupRequest& request) {
  pb::LookupRequest proto;
  for (const Feature& feature : request.features) {
    FeatureToProto(feature, *proto.add_features());
  }
  proto.set_partial(request.partial);
  return proto;
}

pb::TableSpec ImportSpecToProto(const TableOptions& options) {
  pb::TableSpec proto;
  proto.set_name(options.name);
  proto.set_num_rows(options.num_rows);
  proto.set_dim(options.dim);
  proto.set_dtype(ToProto(options.dtype));
  if (options.padding_idx) proto.set_padding_idx(*options.padding_idx);
  if (options.max_norm) proto.set_max_norm(*options.max_norm);
  if (options.norm_type) proto.set_norm_type(*options.norm_type);
  return proto;
}

pb::TableSpec CreateSpecToProto(const TableOptions& options) {
  pb::TableSpec proto = ImportSpecToProto(options);
  InitializerToProto(options.initializer, *proto.mutable_initializer());
  proto.set_seed(options.seed);
  return proto;
}

TableInfo FromProto(const pb::TableInfo& proto) {
  const pb::TableSpec& spec = proto.spec();
  TableInfo info;
  info.options.name = spec.name();
  info.options.num_rows = spec.num_rows();
  info.options.dim = spec.dim();
  info.options.dtype = FromProto(spec.dtype());
  if (spec.has_padding_idx()) info.options.padding_idx = spec.padding_idx();
  if (spec.has_max_norm()) info.options.max_norm = spec.max_norm();
  if (spec.has_norm_type()) info.options.norm_type = spec.norm_type();
  info.options.initializer = InitializerFromProto(spec.initializer());
  info.options.seed = spec.seed();
  info.version = proto.version();
  info.revision = proto.revision();
  info.digest = proto.digest();
  info.data_bytes = proto.data_bytes();
  info.created_at = absl::FromUnixSeconds(proto.created_at_seconds());
  info.keep_padding_row = proto.keep_padding_row();
  info.initialized = proto.initialized();
  info.current = proto.current();
  info.pinned = proto.pinned();
  info.in_memory = proto.in_memory();
  if (proto.state() == pb::TABLE_STATE_DAMAGED) {
    info.state = absl::DataLossError(proto.state_message());
  } else if (proto.state() == pb::TABLE_STATE_SWAPPING) {
    info.state = absl::UnavailableError(proto.state_message());
  }
  if (proto.has_quantization_error()) {
    info.quantization_error = TableError{proto.quantization_error().max_abs(),
                                         proto.quantization_error().rms()};
  }
  return info;
}

ServerStatus FromProto(const pb::GetStatusResponse& response) {
  ServerStatus status;
  switch (response.state()) {
    case pb::GetStatusResponse::STATE_LOADING:
      status.state = ServerStatus::State::kLoading;
      break;
    case pb::GetStatusResponse::STATE_SERVING:
      status.state = ServerStatus::State::kServing;
      break;
    case pb::GetStatusResponse::STATE_DRAINING:
      status.state = ServerStatus::State::kDraining;
      break;
    default:
      break;
  }
  status.version = response.server_version();
  status.uptime = absl::Seconds(response.uptime_seconds());
  status.epoch = response.epoch();
  status.num_tables = response.num_tables();
  status.num_rows = response.num_rows();
  status.memory_used_bytes = response.memory_used_bytes();
  status.memory_limit_bytes = response.memory_limit_bytes();
  status.write_error = response.write_error();
  status.disk_used_bytes = response.disk_used_bytes();
  status.disk_free_bytes = response.disk_free_bytes();
  status.last_backup_at =
      absl::FromUnixSeconds(response.last_backup_at_seconds());
  return status;
}

pb::UpsertRowsRequest UpsertToProto(const std::vector<RowValues>& updates,
                                    const std::string& request_id) {
  pb::UpsertRowsRequest request;
  request.set_request_id(request_id);
  for (const RowValues& rows : updates) {
    pb::RowUpdate& update = *request.add_updates();
    update.set_table(rows.table);
    update.mutable_ids()->Add(rows.ids.begin(), rows.ids.end());
    update.set_values(rows.values.data(), rows.values.size() * sizeof(float));
    if (rows.expected_revision) {
      update.set_expected_revision(*rows.expected_revision);
    }
  }
  return request;
}

BackupInfo FromProto(const pb::BackupInfo& proto) {
  BackupInfo backup;
  backup.id = proto.id();
  backup.created_at = absl::FromUnixSeconds(proto.created_at_seconds());
  backup.bytes = proto.bytes();
  backup.epoch = proto.epoch();
  backup.num_tables = proto.num_tables();
  backup.damaged = proto.damaged();
  return backup;
}

VerifyResult FromProto(const pb::VerifyResponse& response) {
  VerifyResult result;
  result.files_error = response.files_error();
  for (const pb::VerifiedVersion& proto : response.versions()) {
    VerifyResult::Version version;
    version.table = {proto.name(), proto.version()};
    version.data_bytes = proto.data_bytes();
    version.error = proto.error();
    result.versions.push_back(std::move(version));
  }
  return result;
}

UpsertOutcome FromProto(const pb::UpsertRowsResponse& response) {
  UpsertOutcome outcome;
  outcome.epoch = response.epoch();
  outcome.repeated_request = response.repeated_request();
  for (const pb::UpdatedTable& table : response.tables()) {
    outcome.tables.push_back({table.version(), table.revision()});
  }
  return outcome;
}

const char* ElementTypeName(ElementType type) {
  switch (type) {
    case ElementType::kDefault:
      return "default";
    case ElementType::kFloat32:
      return "float32";
    case ElementType::kFloat16:
      return "float16";
    case ElementType::kBFloat16:
      return "bfloat16";
    case ElementType::kInt8Rowwise:
      return "int8";
    case ElementType::kInt4Rowwise:
      return "int4";
  }
  return "unknown";
}

}  // namespace emb
