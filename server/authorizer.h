// Who calls, and whether they may.
#ifndef EMB_SERVER_AUTHORIZER_H_
#define EMB_SERVER_AUTHORIZER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "grpcpp/server_context.h"
#include "server/access_tokens.h"
#include "server/file_watch.h"
#include "server/published.h"

namespace emb {

// Caller is who made a call: a token or, where none are asked for, a host.
//
// Threads  Immutable. Refers to the call's context: it ends with the call.
class Caller {
 public:
  // The token's name; without tokens the peer's host: "10.0.0.7", "::1",
  // "unix". For logs, and to tell callers apart.
  // Cost     Without tokens, gRPC makes a text of the address.
  std::string Name() const;
  // Empty where no tokens are asked for.
  absl::string_view token_name() const {
    return token_ == nullptr ? absl::string_view() : token_->name;
  }

  bool MayUse(absl::string_view table) const {
    return token_ == nullptr || token_->MayUse(table);
  }
  // Whether there is a table that it may not use.
  bool is_restricted() const {
    return token_ != nullptr && !token_->tables.empty();
  }

  // PERMISSION_DENIED, unless MayUse.
  absl::Status CheckMayUse(absl::string_view table) const;

 private:
  friend class Authorizer;
  explicit Caller(const grpc::ServerContextBase& context)
      : context_(&context) {}

  const grpc::ServerContextBase* context_;
  // Both null where no tokens are asked for.
  std::shared_ptr<const AccessTokens> tokens_;
  const AccessToken* token_ = nullptr;  // One of them.
};

// Authorizer knows the tokens of a file, and reads it again when it changes: a
// file that is wrong then changes nothing and is logged.
//
// Threads  Thread-safe.
class Authorizer {
 public:
  // Asks for no tokens: everyone may do everything.
  Authorizer() = default;

  // Looks at the file every `reload_interval`.
  //
  // Errors   INVALID_ARGUMENT  it cannot be read, or as AccessTokens::Parse;
  //                            names --token_file and the file.
  static absl::StatusOr<std::unique_ptr<Authorizer>> Create(
      const std::string& token_file, absl::Duration reload_interval);

  // Errors   UNAUTHENTICATED    the call has no token, or one that is not
  //                             known. Says how to send one.
  //          PERMISSION_DENIED  its role does not suffice.
  // Cost     Without tokens, nothing. With them, a hash and a comparison with
  //          each: 0.3 us for one, 0.6 for a hundred, 11 for a thousand.
  absl::StatusOr<Caller> Authorize(const grpc::ServerContextBase& context,
                                   Role needed) const;

  bool asks_for_tokens() const { return asks_for_tokens_; }

  // Reads the file now, if there is one. Errors as Create; the tokens stay.
  absl::Status Reload();

 private:
  std::string token_file_;
  bool asks_for_tokens_ = false;
  Published<AccessTokens> tokens_{nullptr};
  Mutex reload_mutex_;  // One reload at a time, so that the last read wins.
  std::optional<FileWatch> watch_;  // Last: the first to go.
};

// The host of a peer as gRPC writes it: "ipv4:10.0.0.7:4242",
// "ipv6:%5B::1%5D:4242", "unix:...".
std::string HostOfPeer(absl::string_view peer);

}  // namespace emb

#endif  // EMB_SERVER_AUTHORIZER_H_
