// TLS of the HTTP listener.
#ifndef EMB_SERVER_HTTP_TLS_H_
#define EMB_SERVER_HTTP_TLS_H_

#include <openssl/ssl.h>

#include "server/tls.h"

namespace emb {

// Lets each new connection see the identity that `tls`, which outlives the
// context, has at that time. If there are authorities for clients, it is asked
// for a certificate of theirs: one that shows none is let in all the same,
// since an orchestrator's probe has none (HasClientCertificate tells), one that
// shows another's is not. False: OpenSSL is out of memory.
bool SetUpHttpTls(const ServerTls& tls, SSL_CTX& context);

// It has shown a certificate, and that was one of those authorities'.
bool HasClientCertificate(const SSL& connection);

}  // namespace emb

#endif  // EMB_SERVER_HTTP_TLS_H_
