// The server's certificate: checked files, and what of them is in use.
#ifndef EMB_SERVER_TLS_H_
#define EMB_SERVER_TLS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/mutex.h"
#include "server/file_watch.h"
#include "server/published.h"

namespace emb {

// PEM files. None given: plain text.
struct TlsOptions {
  std::string cert_file;       // The certificate, then those that signed it.
  std::string key_file;        // Its private key, without a passphrase.
  std::string client_ca_file;  // Who must have signed a client's certificate;
                               // empty: clients need none.

  // Whether any is.
  bool is_given() const {
    return !cert_file.empty() || !key_file.empty() || !client_ca_file.empty();
  }
};

// The content of the files: a certificate and its own key.
struct TlsIdentity {
  std::string cert_pem;
  std::string key_pem;
  std::string client_ca_pem;
  std::string serial;  // Hexadecimal.
  absl::Time expires_at;
};

// Reads the files and checks them.
//
// Errors   INVALID_ARGUMENT  one is not given, cannot be read, or is no PEM;
//                            the key is another certificate's; the certificate
//                            has expired or is not valid yet. Names the flag
//                            and the file.
absl::StatusOr<TlsIdentity> ReadTlsIdentity(const TlsOptions& options,
                                            absl::Time now);

// ServerTls holds the identity that new connections see, and replaces it when
// the files change. Files that do not pass the checks change nothing: they are
// logged, and tried again.
//
// Threads  Thread-safe.
class ServerTls {
 public:
  // Looks at the files every `reload_interval`.
  //
  // Errors   As ReadTlsIdentity.
  static absl::StatusOr<std::unique_ptr<ServerTls>> Create(
      const TlsOptions& options, absl::Duration reload_interval,
      std::function<absl::Time()> now);

  // Reads the files now. Errors as ReadTlsIdentity; the identity stays.
  absl::Status Reload();

  const TlsOptions& options() const { return options_; }
  std::shared_ptr<const TlsIdentity> identity() const { return current_.Get(); }
  // Of the certificate in use.
  absl::Time expires_at() const { return identity()->expires_at; }

 private:
  ServerTls(TlsOptions options, std::function<absl::Time()> now,
            std::shared_ptr<const TlsIdentity> identity);

  const TlsOptions options_;
  const std::function<absl::Time()> now_;
  Published<TlsIdentity> current_;
  Mutex reload_mutex_;  // One reload at a time, so that the last read wins.
  std::optional<FileWatch> watch_;  // Last: the first to go.
};

}  // namespace emb

#endif  // EMB_SERVER_TLS_H_
