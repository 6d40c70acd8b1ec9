#include "server/import_request.h"

namespace emb {

TableSpec SpecOfNextVersion(const ImportRequest& request,
                            const TableSpec& before) {
  TableSpec spec = request.spec;
  if (!spec.padding_idx && !request.no_padding_idx) {
    spec.padding_idx = before.padding_idx;
    spec.keep_padding_row |= before.keep_padding_row;
  }
  if (request.no_max_norm) return spec;
  if (!spec.max_norm) spec.max_norm = before.max_norm;
  if (!request.norm_type_given) spec.norm_type = before.norm_type;
  return spec;
}

}  // namespace emb
