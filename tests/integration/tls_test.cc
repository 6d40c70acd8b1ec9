// Listeners and clients that talk TLS, with certificates that change.
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "emb/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "httplib.h"
#include "tests/testing/ask.h"
#include "tests/testing/certificates.h"
#include "tests/testing/in_process_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(60);

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

// The serial of the certificate that a new connection to `address` sees, in
// hexadecimal; empty if there is no handshake by this version of TLS.
std::string SerialSeenAt(const std::string& address,
                         int version_max = TLS1_3_VERSION) {
  const std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context(
      SSL_CTX_new(TLS_client_method()));
  // So that old versions are offered at all.
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), version_max);
  const std::unique_ptr<BIO, Freer<BIO_free_all>> connection(
      BIO_new_ssl_connect(context.get()));
  BIO_set_conn_hostname(connection.get(), address.c_str());
  SSL* ssl = nullptr;
  BIO_get_ssl(connection.get(), &ssl);
  // gRPC takes nothing else.
  constexpr unsigned char kAlpn[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl, kAlpn, sizeof(kAlpn));
  const bool connected = BIO_do_connect(connection.get()) == 1;
  ERR_clear_error();
  if (!connected) return "";
  const std::unique_ptr<X509, Freer<X509_free>> certificate(
      SSL_get1_peer_certificate(ssl));
  BIGNUM* const number =
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr);
  char* const hex = BN_bn2hex(number);
  std::string serial(hex);
  OPENSSL_free(hex);
  BN_free(number);
  return serial;
}

class TlsServingTest : public testing::Test {
 protected:
  void Start() {
    UseCertificate(ca_.Issue());
    options_.tls.cert_file = dir_ / "cert.pem";
    options_.tls.key_file = dir_ / "key.pem";
    options_.reload_interval = absl::Milliseconds(1);
    EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start(options_));
  }

  void UseCertificate(const CertificatePem& pem) {
    Write("cert.pem", pem.cert);
    Write("key.pem", pem.key);
  }

  std::string Write(const std::string& name, const std::string& content) {
    ReplaceFile(dir_ / name, content);
    return dir_ / name;
  }

  ClientOptions Trusting(const TestCa& ca) {
    ClientOptions options;
    options.tls.ca_file = Write("ca.pem", ca.cert_pem());
    return options;
  }

  void MakeTable() {
    TableOptions table;
    table.name = "item";
    table.num_rows = 100;
    table.dim = 4;
    EMB_ASSERT_OK(server_->client(Trusting(ca_)).CreateTable(table));
  }

  const TempDir dir_;
  TestCa ca_;
  ServerOptions options_;
  std::unique_ptr<InProcessServer> server_;
};

TEST_F(TlsServingTest, BothListenersAndEveryKindOfCall) {
  Start();
  MakeTable();
  const Client client = server_->client(Trusting(ca_));
  EMB_EXPECT_OK(client.CheckHealth());
  EMB_EXPECT_OK(client.CheckHealth("embedding.v1.TableAdmin"));
  EMB_ASSERT_OK(client.Lookup(Ask("item", {1, 2})));
  const auto stream = client.OpenLookupStream();
  EMB_ASSERT_OK(stream->Send(Ask("item", {3})));
  EMB_ASSERT_OK(stream->Receive());
  EMB_ASSERT_OK_AND_ASSIGN(const ServerStatus status, client.GetStatus());
  EXPECT_EQ(status.num_tables, 1);
  EXPECT_GT(server_->server().certificate_expires_at(), absl::Now());
}

TEST_F(TlsServingTest, AUnixSocketToo) {
  options_.listen = absl::StrCat("unix:", dir_.path(), "/socket");
  Start();
  MakeTable();
  EMB_EXPECT_OK(server_->client(Trusting(ca_)).Lookup(Ask("item", {1})));
}

TEST_F(TlsServingTest, AClientTrustsOnlyWhatItWasTold) {
  Start();
  EXPECT_THAT(
      server_->client(Trusting(TestCa())).GetStatus(),
      StatusIs(StatusCode::kUnavailable, AllOf(HasSubstr("andshake failed"),
                                               HasSubstr("one of --tls-ca"))));
  ClientOptions other_name = Trusting(ca_);
  other_name.tls.server_name = "elsewhere.example";
  EXPECT_THAT(
      server_->client(other_name).GetStatus(),
      StatusIs(StatusCode::kUnavailable, HasSubstr("elsewhere.example")));
  // The control.
  other_name.tls.server_name = "localhost";
  EMB_EXPECT_OK(server_->client(other_name).GetStatus());
}

TEST_F(TlsServingTest, PlainTextIsRefusedAndSaysWhatToDo) {
  Start();
  const Client plain = server_->client();
  for (const absl::Status& status :
       {plain.Lookup(Ask("item", {1})).status(), plain.GetStatus().status()}) {
    EXPECT_THAT(status,
                StatusIs(StatusCode::kUnavailable, HasSubstr("--tls-ca")));
  }
}

TEST_F(TlsServingTest, TlsAtAPlainPortSaysWhatToDo) {
  EMB_ASSERT_OK_AND_ASSIGN(server_, InProcessServer::Start());
  EXPECT_THAT(
      server_->client(Trusting(ca_)).GetStatus(),
      StatusIs(StatusCode::kUnavailable, HasSubstr("speaks plain text")));
}

TEST_F(TlsServingTest, AnExpiredCertificateIsRefusedAtTheStart) {
  UseCertificate(ca_.Issue(-absl::Seconds(1)));
  options_.tls = {dir_ / "cert.pem", dir_ / "key.pem", ""};
  EXPECT_THAT(InProcessServer::Start(options_),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("--tls_cert"), HasSubstr("expired"))));
}

TEST_F(TlsServingTest, OldVersionsOfTlsAreRefused) {
  Start();
  const std::string& address = server_->server().data_address();
  EXPECT_EQ(SerialSeenAt(address, TLS1_1_VERSION), "");
  EXPECT_NE(SerialSeenAt(address, TLS1_2_VERSION), "");
  EXPECT_NE(SerialSeenAt(address, TLS1_3_VERSION), "");
}

TEST_F(TlsServingTest, CallersShowACertificateIfTheyMust) {
  TestCa client_ca;
  options_.tls.client_ca_file = Write("client-ca.pem", client_ca.cert_pem());
  Start();
  const auto with = [&](const CertificatePem& pem, const std::string& name) {
    ClientOptions options = Trusting(ca_);
    options.tls.cert_file = Write(name + ".pem", pem.cert);
    options.tls.key_file = Write(name + ".key", pem.key);
    return server_->client(options);
  };
  const Client known = with(client_ca.Issue(), "known");
  EMB_EXPECT_OK(known.GetStatus());
  EMB_EXPECT_OK(known.CheckHealth());
  const auto refused =
      StatusIs(StatusCode::kUnavailable, HasSubstr("--tls-cert"));
  EXPECT_THAT(server_->client(Trusting(ca_)).GetStatus(), refused);
  EXPECT_THAT(server_->client(Trusting(ca_)).CheckHealth(), refused);
  EXPECT_THAT(with(ca_.Issue(), "stranger").GetStatus(), refused);
  EXPECT_THAT(with(client_ca.Issue(-absl::Minutes(1)), "old").GetStatus(),
              refused);
  EXPECT_THAT(server_->client().GetStatus(),
              StatusIs(StatusCode::kUnavailable, HasSubstr("--tls-ca")));

  // Another authority, from now on.
  TestCa next_ca;
  Write("client-ca.pem", next_ca.cert_pem());
  EMB_ASSERT_OK(server_->server().ReloadCredentials());
  EMB_EXPECT_OK(with(next_ca.Issue(), "next").GetStatus());
  EXPECT_THAT(with(client_ca.Issue(), "last").GetStatus(), refused);
  EMB_EXPECT_OK(known.GetStatus());  // Its connection is there.
}

// Looks up until it is told to end, through the same connection or through a
// new one each time.
class Load {
 public:
  Load(const InProcessServer& server, const ClientOptions& options,
       bool reconnect)
      : thread_([this, &server, options, reconnect] {
          Client client = server.client(options);
          while (!stop_) {
            if (reconnect) client = server.client(options);
            const auto result = client.Lookup(Ask("item", {1, 2, 3}));
            ++(result.ok() ? answered_ : failed_);
            EXPECT_THAT(result, IsOk());
          }
        }) {}

  // How many were answered; all of them.
  int Stop() {
    stop_ = true;
    thread_.join();
    EXPECT_EQ(failed_, 0);
    return answered_;
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0;
  std::atomic<int> failed_ = 0;
  std::thread thread_;
};

// What /metrics answers by TLS to a caller that trusts `ca_` and shows what is
// written as NAME.pem and NAME-key.pem, or nothing.
int MetricsStatusOf(const std::string& address, const std::string& ca,
                    const std::string& path, const std::string& cert = "",
                    const std::string& key = "") {
  httplib::SSLClient client(address.substr(0, address.rfind(':')),
                            std::stoi(address.substr(address.rfind(':') + 1)),
                            cert, key);
  client.set_ca_cert_path(ca);
  client.enable_server_certificate_verification(true);
  const auto response = client.Get(path);
  return response ? response->status : 0;
}

TEST_F(TlsServingTest, MetricsAndProbesToo) {
  Start();
  const std::string ca = Write("ca.pem", ca_.cert_pem());
  const std::string other = Write("other.pem", TestCa().cert_pem());
  const std::string http = server_->server().http_address();
  EXPECT_EQ(MetricsStatusOf(http, ca, "/metrics"), 200);
  EXPECT_EQ(MetricsStatusOf(http, ca, "/livez"), 200);
  EXPECT_EQ(MetricsStatusOf(http, other, "/metrics"), 0);
  const std::string before = SerialSeenAt(http);
  UseCertificate(ca_.Issue());
  const absl::Time give_up = absl::Now() + kPatience;
  std::string after = before;
  while ((after.empty() || after == before) && absl::Now() < give_up) {
    after = SerialSeenAt(http);
  }
  EXPECT_NE(after, before);
}

// Orchestrators have no certificates, Prometheus may.
TEST_F(TlsServingTest, MetricsNeedACertificateWhereCallersDoButProbesNone) {
  TestCa client_ca;
  options_.tls.client_ca_file = Write("client-ca.pem", client_ca.cert_pem());
  Start();
  const std::string ca = Write("ca.pem", ca_.cert_pem());
  const std::string http = server_->server().http_address();
  const CertificatePem known = client_ca.Issue();
  const std::string cert = Write("known.pem", known.cert);
  const std::string key = Write("known-key.pem", known.key);
  EXPECT_EQ(MetricsStatusOf(http, ca, "/metrics", cert, key), 200);
  EXPECT_EQ(MetricsStatusOf(http, ca, "/metrics"), 403);
  EXPECT_EQ(MetricsStatusOf(http, ca, "/livez"), 200);
  EXPECT_EQ(MetricsStatusOf(http, ca, "/readyz"), 200);
  const CertificatePem stranger = TestCa().Issue();
  const std::string odd = Write("odd.pem", stranger.cert);
  const std::string odd_key = Write("odd-key.pem", stranger.key);
  EXPECT_NE(MetricsStatusOf(http, ca, "/metrics", odd, odd_key), 200);
}

TEST_F(TlsServingTest, CertificatesChangeUnderLoad) {
  Start();
  MakeTable();
  const ClientOptions trusting = Trusting(ca_);
  const std::string address = server_->server().data_address();
  Load steady(*server_, trusting, /*reconnect=*/false);
  Load coming(*server_, trusting, /*reconnect=*/true);
  constexpr int kRotations = 40;
  for (int i = 0; i < kRotations; ++i) {
    const CertificatePem next = ca_.Issue();
    const std::string before = SerialSeenAt(address);
    EXPECT_NE(before, next.serial);
    // The first of the two files does not fit the other.
    Write("cert.pem", next.cert);
    EXPECT_EQ(SerialSeenAt(address), before);
    if (i % 4 == 3) Write("key.pem", "rubbish");
    Write("key.pem", next.key);
    const absl::Time give_up = absl::Now() + kPatience;
    while (SerialSeenAt(address) != next.serial && absl::Now() < give_up) {
    }
    EXPECT_EQ(SerialSeenAt(address), next.serial) << "rotation " << i;
    EXPECT_EQ(SerialSeenAt(server_->server().admin_address()), next.serial);
  }
  // In two statements: both threads end, whatever the first says.
  const int answered = steady.Stop();
  const int connected = coming.Stop();
  EXPECT_GT(answered, 0);
  EXPECT_GT(connected, 0);
  RecordProperty("answered", answered);
  RecordProperty("connected", connected);
}

TEST_F(TlsServingTest, FilesThatAreGoneLeaveTheOldCertificate) {
  Start();
  const std::string address = server_->server().data_address();
  const std::string before = SerialSeenAt(address);
  ASSERT_NE(before, "");
  ASSERT_EQ(std::remove((dir_ / "key.pem").c_str()), 0);
  EXPECT_THAT(
      server_->server().ReloadCredentials(),
      StatusIs(StatusCode::kInvalidArgument,
               AllOf(HasSubstr("--tls_key"), HasSubstr("No such file"))));
  EXPECT_EQ(SerialSeenAt(address), before);
}

}  // namespace
}  // namespace emb
