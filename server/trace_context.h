// Which trace a call belongs to.
#ifndef EMB_SERVER_TRACE_CONTEXT_H_
#define EMB_SERVER_TRACE_CONTEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"

namespace emb {

// As the caller's `traceparent` says; empty if it has none, or a malformed one.
struct TraceContext {
  std::string trace_id;  // 32 hexadecimal digits.
  std::string span_id;   // 16, of the caller's span.
};

// Source  W3C Trace Context, section 3.2: 00-TRACE_ID-PARENT_ID-FLAGS; of later
//         versions what this one knows.
TraceContext ParseTraceparent(absl::string_view header);

TraceContext TraceContextOf(const grpc::ServerContextBase& context);

}  // namespace emb

#endif  // EMB_SERVER_TRACE_CONTEXT_H_
