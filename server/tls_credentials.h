// How gRPC gets at the server's certificate.
#ifndef EMB_SERVER_TLS_CREDENTIALS_H_
#define EMB_SERVER_TLS_CREDENTIALS_H_

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "server/tls.h"

namespace emb {

// Credentials of TLS 1.2 and newer that show, on each new connection, the
// identity that `tls` then has, and demand a client's certificate if it names
// a CA for them.
//
// gRPC's own watcher of files (FileWatcherCertificateProvider) is not used: it
// reads a certificate and a key that do not fit as soon as one of them has been
// replaced, and then every handshake fails until they do.
//
// `tls` outlives the server that uses them.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(
    const ServerTls& tls);

}  // namespace emb

#endif  // EMB_SERVER_TLS_CREDENTIALS_H_
