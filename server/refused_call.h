// A streaming call that ends before it begins.
#ifndef EMB_SERVER_REFUSED_CALL_H_
#define EMB_SERVER_REFUSED_CALL_H_

#include "absl/status/status.h"
#include "server/status_convert.h"

namespace emb {

// `Reactor` is one of gRPC's server reactors of streams. Deletes itself when
// the call is over.
template <typename Reactor>
class RefusedCall final : public Reactor {
 public:
  explicit RefusedCall(const absl::Status& why) {
    this->Finish(ToGrpcStatus(why));
  }

  void OnDone() override { delete this; }
};

}  // namespace emb

#endif  // EMB_SERVER_REFUSED_CALL_H_
