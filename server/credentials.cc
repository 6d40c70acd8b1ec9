#include "server/credentials.h"

#include "absl/memory/memory.h"
#include "absl/time/clock.h"
#include "core/status_macros.h"
#include "server/log.h"

namespace emb {

absl::StatusOr<std::unique_ptr<Credentials>> Credentials::Read(
    const CredentialOptions& options) {
  auto credentials = absl::WrapUnique(new Credentials);
  if (options.tls.is_given()) {
    EMB_ASSIGN_OR_RETURN(
        credentials->tls_,
        ServerTls::Create(options.tls, options.reload_interval, absl::Now));
  }
  if (options.token_file.empty()) {
    credentials->authorizer_ = std::make_unique<Authorizer>();
  } else {
    EMB_ASSIGN_OR_RETURN(
        credentials->authorizer_,
        Authorizer::Create(options.token_file, options.reload_interval));
  }
  return credentials;
}

absl::Status Credentials::Reload() {
  absl::Status tls;
  if (tls_ != nullptr) tls = tls_->Reload();
  if (!tls.ok()) LogFailure("certificate_reload_failed", tls);
  absl::Status tokens = authorizer_->Reload();
  if (!tokens.ok()) LogFailure("token_reload_failed", tokens);
  return tls.ok() ? tokens : tls;
}

}  // namespace emb
