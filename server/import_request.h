// What an import asks for, and what it leaves as it was.
#ifndef EMB_SERVER_IMPORT_REQUEST_H_
#define EMB_SERVER_IMPORT_REQUEST_H_

#include "core/table_spec.h"

namespace emb {

// The table as the caller described it. What was left open is that of the
// version before, if there is one: whoever brings new rows must not lose the
// padding row or the norm of the table by not naming them.
struct ImportRequest {
  TableSpec spec;
  bool norm_type_given = false;  // A TableSpec always has one.
  // The table shall have none, whatever the version before had.
  bool no_padding_idx = false;
  bool no_max_norm = false;
  bool publish = true;  // False: the current version stays current.
};

// The spec of the version that follows one of `before`. The padding row is
// kept as imported or zeroed as it was before, unless padding_idx is given.
TableSpec SpecOfNextVersion(const ImportRequest& request,
                            const TableSpec& before);

}  // namespace emb

#endif  // EMB_SERVER_IMPORT_REQUEST_H_
