#include "server/proto_convert.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/status_macros.h"
#include "server/limits.h"
#include "storage/digest.h"

namespace emb {
namespace {

namespace pb = embedding::v1;

struct DTypePair {
  pb::DType proto;
  DType dtype;
};

constexpr DTypePair kDTypes[] = {
    {pb::DTYPE_UNSPECIFIED, DType::kFloat32},
    {pb::DTYPE_FLOAT32, DType::kFloat32},
    {pb::DTYPE_FLOAT16, DType::kFloat16},
    {pb::DTYPE_BFLOAT16, DType::kBFloat16},
    {pb::DTYPE_INT8_ROWWISE, DType::kInt8Rowwise},
    {pb::DTYPE_INT4_ROWWISE, DType::kInt4Rowwise},
};

absl::StatusOr<DType> DTypeFromProto(pb::DType proto) {
  for (const DTypePair& pair : kDTypes) {
    if (pair.proto == proto) return pair.dtype;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("dtype: ", proto, " is no DType"));
}

// The fields that CreateTable and ImportTable share.
absl::StatusOr<TableSpec> BaseSpecFromProto(const pb::TableSpec& proto) {
  TableSpec spec;
  spec.name = proto.name();
  spec.num_rows = proto.num_rows();
  spec.dim = proto.dim();
  EMB_ASSIGN_OR_RETURN(spec.dtype, DTypeFromProto(proto.dtype()));
  if (proto.has_padding_idx()) spec.padding_idx = proto.padding_idx();
  if (proto.has_max_norm()) spec.max_norm = proto.max_norm();
  if (proto.has_norm_type()) spec.norm_type = proto.norm_type();
  return spec;
}

absl::StatusOr<Initializer> InitializerFromProto(const pb::Initializer& proto) {
  InitArgs args;
  for (const auto& [name, arg] : proto.args()) {
    switch (arg.value_case()) {
      case pb::InitArgument::kNumber:
        args.emplace_back(name, arg.number());
        break;
      case pb::InitArgument::kText:
        args.emplace_back(name, arg.text());
        break;
      case pb::InitArgument::VALUE_NOT_SET:
        return absl::InvalidArgumentError(
            absl::StrCat("initializer.", name.substr(0, 64), ": has no value"));
    }
  }
  // A protobuf map has no order; errors should.
  std::sort(args.begin(), args.end());
  return ParseInitializer(proto.scheme(), args);
}

void InitializerToProto(const Initializer& init, pb::Initializer& proto) {
  proto.set_scheme(std::string(InitSchemeName(init.scheme)));
  for (const auto& [name, value] : InitializerArgs(init)) {
    pb::InitArgument& arg = (*proto.mutable_args())[name];
    if (const auto* const number = std::get_if<double>(&value)) {
      arg.set_number(*number);
    } else {
      arg.set_text(std::get<std::string>(value));
    }
  }
}

void SpecToProto(const TableSpec& spec, pb::TableSpec& proto) {
  proto.set_name(spec.name);
  proto.set_num_rows(spec.num_rows);
  proto.set_dim(spec.dim);
  proto.set_dtype(DTypeToProto(spec.dtype));
  if (spec.padding_idx) proto.set_padding_idx(*spec.padding_idx);
  if (spec.max_norm) proto.set_max_norm(*spec.max_norm);
  proto.set_norm_type(spec.norm_type);
  if (spec.initializer) {
    InitializerToProto(*spec.initializer, *proto.mutable_initializer());
    proto.set_seed(spec.seed);
    proto.set_generator(pb::GENERATOR_TORCH_MT19937);
  }
}

}  // namespace

pb::DType DTypeToProto(DType dtype) {
  for (const DTypePair& pair : kDTypes) {
    if (pair.dtype == dtype && pair.proto != pb::DTYPE_UNSPECIFIED) {
      return pair.proto;
    }
  }
  return pb::DTYPE_UNSPECIFIED;
}

absl::StatusOr<TableSpec> CreateSpecFromProto(const pb::TableSpec& proto) {
  EMB_ASSIGN_OR_RETURN(TableSpec spec, BaseSpecFromProto(proto));
  EMB_ASSIGN_OR_RETURN(spec.initializer,
                       InitializerFromProto(proto.initializer()));
  spec.seed = proto.seed();
  if (proto.generator() != pb::GENERATOR_UNSPECIFIED &&
      proto.generator() != pb::GENERATOR_TORCH_MT19937) {
    return absl::InvalidArgumentError(
        absl::StrCat("generator: ", proto.generator(), " is no Generator"));
  }
  return spec;
}

absl::StatusOr<ImportRequest> ImportRequestFromProto(
    const pb::ImportHeader& header) {
  const pb::TableSpec& proto = header.spec();
  if (proto.has_initializer() || proto.seed() != 0 ||
      proto.generator() != pb::GENERATOR_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        "header.spec: initializer, seed and generator must be unset, the "
        "rows are given");
  }
  if (header.no_padding_idx() && proto.has_padding_idx()) {
    return absl::InvalidArgumentError(
        "header: padding_idx and no_padding_idx, want only one");
  }
  if (header.no_max_norm() && proto.has_max_norm()) {
    return absl::InvalidArgumentError(
        "header: max_norm and no_max_norm, want only one");
  }
  if (header.upload_id().size() > kUploadIdBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("header.upload_id: ", header.upload_id().size(),
                     " bytes, want at most ", kUploadIdBytesMax));
  }
  ImportRequest request;
  EMB_ASSIGN_OR_RETURN(request.spec, BaseSpecFromProto(proto));
  request.spec.keep_padding_row = header.keep_padding_row();
  request.norm_type_given = proto.has_norm_type();
  request.no_padding_idx = header.no_padding_idx();
  request.no_max_norm = header.no_max_norm();
  request.publish = !header.no_publish();
  return request;
}

UpsertRequest UpsertFromProto(const pb::UpsertRowsRequest& proto) {
  UpsertRequest request;
  request.request_id = proto.request_id();
  request.updates.reserve(static_cast<size_t>(proto.updates_size()));
  for (const pb::RowUpdate& given : proto.updates()) {
    RowUpdate update;
    update.table = given.table();
    update.ids = absl::MakeConstSpan(given.ids().data(),
                                     static_cast<size_t>(given.ids_size()));
    update.values = {reinterpret_cast<const std::byte*>(given.values().data()),
                     given.values().size()};
    if (given.has_expected_revision()) {
      update.expected_revision = static_cast<int64_t>(
          std::min<uint64_t>(given.expected_revision(), INT64_MAX));
    }
    request.updates.push_back(std::move(update));
  }
  return request;
}

void UpsertToProto(const UpsertResult& result, pb::UpsertRowsResponse& proto) {
  proto.set_epoch(result.epoch);
  proto.set_repeated_request(result.repeated);
  for (const UpsertResult::Table& table : result.tables) {
    pb::UpdatedTable& updated = *proto.add_tables();
    updated.set_version(static_cast<uint64_t>(table.version));
    updated.set_revision(static_cast<uint64_t>(table.revision));
  }
}

pb::TableState StateOf(const absl::Status& state) {
  if (state.ok()) return pb::TABLE_STATE_SERVING;
  return absl::IsDataLoss(state) ? pb::TABLE_STATE_DAMAGED
                                 : pb::TABLE_STATE_SWAPPING;
}

pb::TableInfo TableInfoToProto(const ServedTable& table,
                               const Snapshot& snapshot) {
  const VersionRecord& record = table.record;
  pb::TableInfo info;
  SpecToProto(record.spec, *info.mutable_spec());
  info.set_version(static_cast<uint64_t>(record.version));
  info.set_revision(static_cast<uint64_t>(record.revision));
  if (const auto digest = CurrentDigest(table)) {
    info.set_digest(DigestToHex(*digest));
  }
  info.set_data_bytes(record.spec.data_bytes());
  info.set_created_at_seconds(absl::ToUnixSeconds(record.created_at));
  info.set_keep_padding_row(record.spec.keep_padding_row);
  info.set_initialized(record.spec.initializer.has_value());
  info.set_state(StateOf(table.state));
  info.set_state_message(std::string(table.state.message()));
  info.set_current(snapshot.IsCurrent(table));
  info.set_pinned(record.pinned);
  info.set_in_memory(table.rows != nullptr);
  if (record.quantization_error) {
    pb::QuantizationError& error = *info.mutable_quantization_error();
    error.set_max_abs(record.quantization_error->max_abs);
    error.set_rms(record.quantization_error->rms);
  }
  return info;
}

}  // namespace emb
