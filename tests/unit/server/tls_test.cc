#include "server/tls.h"

#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/listener.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace emb {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TlsTest : public testing::Test {
 protected:
  TlsTest() : pem_(ca_.Issue()) {
    options_ = {Write("cert.pem", pem_.cert), Write("key.pem", pem_.key), ""};
  }

  std::string Write(const std::string& name, const std::string& content) {
    ReplaceFile(dir_ / name, content);
    return dir_ / name;
  }

  const TempDir dir_;
  TestCa ca_;
  const CertificatePem pem_;
  TlsOptions options_;
};

TEST_F(TlsTest, ReadsACertificateItsKeyAndAuthorities) {
  options_.client_ca_file =
      Write("ca.pem", ca_.cert_pem() + TestCa().cert_pem());
  EMB_ASSERT_OK_AND_ASSIGN(const TlsIdentity identity,
                           ReadTlsIdentity(options_, absl::Now()));
  EXPECT_EQ(identity.cert_pem, pem_.cert);
  EXPECT_EQ(identity.key_pem, pem_.key);
  EXPECT_EQ(identity.serial, pem_.serial);
  EXPECT_GT(identity.expires_at, absl::Now() + absl::Minutes(59));
  EXPECT_LT(identity.expires_at, absl::Now() + absl::Minutes(61));
}

TEST_F(TlsTest, NamesTheFlagAndTheFileThatIsWrong) {
  const std::string cert = options_.cert_file;
  const std::string key = options_.key_file;
  const std::string rubbish = Write("rubbish", "no PEM");
  const std::string none = dir_ / "none";
  const std::string cut = Write("cut", pem_.cert.substr(0, 200));
  const std::string half_chain =
      Write("half", pem_.cert + ca_.cert_pem().substr(0, 200));
  const std::string other_key = Write("other.key", ca_.Issue().key);
  const CertificatePem old = ca_.Issue(-absl::Minutes(1));
  const std::string old_cert = Write("old", old.cert);
  const std::string old_key = Write("old.key", old.key);
  const std::string large = Write("large", std::string((1 << 20) + 1, 'x'));
  const struct {
    TlsOptions options;
    std::string flag;
    std::string complaint;
  } cases[] = {
      {{cert, "", ""}, "--tls_key", "not given, want it with --tls_cert"},
      {{"", key, ""}, "--tls_cert", "not given, want it with --tls_key"},
      {{"", "", cert}, "--tls_cert", "not given, want it with --tls_client_ca"},
      {{none, key, ""}, "--tls_cert \"" + none, "No such file"},
      {{cert, none, ""}, "--tls_key \"" + none, "No such file"},
      {{dir_.path(), key, ""}, "--tls_cert", "directory"},
      {{large, key, ""}, "--tls_cert", "over 1.0 MiB"},
      {{rubbish, key, ""}, "--tls_cert \"" + rubbish, "certificates in PEM"},
      {{cut, key, ""}, "--tls_cert", "certificates in PEM"},
      {{half_chain, key, ""}, "--tls_cert", "certificates in PEM"},
      {{key, key, ""}, "--tls_cert", "certificates in PEM"},
      {{cert, rubbish, ""}, "--tls_key \"" + rubbish, "a private key in PEM"},
      {{cert, cert, ""}, "--tls_key", "a private key in PEM"},
      {{cert, other_key, ""}, "--tls_key \"" + other_key, "not the key of"},
      {{old_cert, old_key, ""}, "--tls_cert \"" + old_cert, "expired at"},
      {{cert, key, none}, "--tls_client_ca \"" + none, "No such file"},
      {{cert, key, rubbish}, "--tls_client_ca", "certificates in PEM"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.complaint);
    EXPECT_THAT(ReadTlsIdentity(c.options, absl::Now()),
                StatusIs(StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(c.flag), HasSubstr(c.complaint))));
  }
}

TEST_F(TlsTest, ValidityHasTwoEnds) {
  EMB_ASSERT_OK_AND_ASSIGN(const TlsIdentity identity,
                           ReadTlsIdentity(options_, absl::Now()));
  const absl::Time end = identity.expires_at;
  EXPECT_THAT(ReadTlsIdentity(options_, end - absl::Seconds(1)), IsOk());
  EXPECT_THAT(ReadTlsIdentity(options_, end),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("expired")));
  EXPECT_THAT(
      ReadTlsIdentity(options_, absl::Now() - absl::Hours(2)),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("not valid before")));
}

TEST_F(TlsTest, AWrongReloadKeepsTheOldCertificate) {
  // The watch does not come in between.
  EMB_ASSERT_OK_AND_ASSIGN(
      const auto tls, ServerTls::Create(options_, absl::Hours(1), absl::Now));
  const CertificatePem next = ca_.Issue();
  Write("cert.pem", next.cert);  // And not yet its key.
  EXPECT_THAT(tls->Reload(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("not the key")));
  EXPECT_EQ(tls->identity()->serial, pem_.serial);
  Write("key.pem", next.key);
  EMB_EXPECT_OK(tls->Reload());
  EXPECT_EQ(tls->identity()->serial, next.serial);
  EXPECT_EQ(tls->expires_at(), tls->identity()->expires_at);
}

TEST_F(TlsTest, LetsAListenerFaceOtherMachines) {
  EMB_ASSERT_OK_AND_ASSIGN(
      const auto tls, ServerTls::Create(options_, absl::Hours(1), absl::Now));
  ListenerOptions listener = {.flag = "--listen", .address = "0.0.0.0:1"};
  EXPECT_THAT(CheckedAddress(listener),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("--tls_cert"), HasSubstr("--insecure"),
                             Not(HasSubstr("no TLS")))));
  listener.tls = tls.get();
  EMB_EXPECT_OK(CheckedAddress(listener));
}

}  // namespace
}  // namespace emb
