// What a server shows to its callers, and asks of them.
#ifndef EMB_SERVER_CREDENTIALS_H_
#define EMB_SERVER_CREDENTIALS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/authorizer.h"
#include "server/tls.h"

namespace emb {

struct CredentialOptions {
  TlsOptions tls;
  std::string token_file;  // Empty: everyone may call.
  absl::Duration reload_interval;
};

// Threads  Thread-safe.
class Credentials {
 public:
  // Errors   As ServerTls::Create and Authorizer::Create.
  static absl::StatusOr<std::unique_ptr<Credentials>> Read(
      const CredentialOptions& options);

  // Null: plain text.
  const ServerTls* tls() const { return tls_.get(); }
  const Authorizer& authorizer() const { return *authorizer_; }

  // Reads all files again, now. What is wrong changes nothing, and is logged;
  // the first error is returned.
  absl::Status Reload();

 private:
  Credentials() = default;

  std::unique_ptr<ServerTls> tls_;
  std::unique_ptr<Authorizer> authorizer_;
};

}  // namespace emb

#endif  // EMB_SERVER_CREDENTIALS_H_
