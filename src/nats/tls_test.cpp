// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/connection.hpp"
#include "nats/certificates.hpp"
#include "nats/nats_server.hpp"
#include "nats/test_support.hpp"
#include "testing/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace aether::nats {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;
using tests::NatsServer;

class TlsTest : public ::testing::TestWithParam<tests::ServerVersion> {
 protected:
  [[nodiscard]] tests::ServerOptions options(const std::string& more = "") const {
    return {.version = GetParam(),
            .jetstream = false,
            .config = "tls {cert_file: \"" + certificates_.server() + "\", key_file: \"" +
                      certificates_.server_key() + "\", ca_file: \"" + certificates_.authority() +
                      "\", " + more + "}"};
  }
  static ConnectOptions to(const NatsServer& server, TlsOptions tls) {
    return {.urls = {server.url()}, .tls = std::move(tls)};
  }

  tests::Certificates certificates_;
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsTest, tests::kVersions, tests::version_name);

TEST_P(TlsTest, ConnectsToAServerThatATrustedAuthorityHasSigned) {
  const NatsServer server(options());

  EXPECT_THAT(connect(to(server, {.ca_file = certificates_.authority()})), Succeeds());
  EXPECT_THAT(connect(to(server, {.required = true, .verify = false})), Succeeds());
  EXPECT_THAT(connect(to(server, {.ca_file = certificates_.authority(), .hostname = "localhost"})),
              Succeeds());
}

TEST_P(TlsTest, RefusesAServerThatItDoesNotTrust) {
  const NatsServer server(options());
  const tests::Certificates others;

  for (const TlsOptions& tls :
       {TlsOptions{.ca_file = others.authority()}, TlsOptions{.required = true}, TlsOptions{},
        TlsOptions{.ca_file = certificates_.authority(), .hostname = "example.org"}}) {
    const auto connection = connect(to(server, tls));
    ASSERT_THAT(connection, FailsWith(Errc::invalid_argument));
    EXPECT_THAT(connection.error().message, HasSubstr("TLS with the NATS server"));
  }
}

TEST_P(TlsTest, RefusesAServerWithoutTlsWhereItIsAskedFor) {
  const NatsServer server({.version = GetParam(), .jetstream = false});

  const auto connection = connect(to(server, {.required = true}));

  ASSERT_THAT(connection, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(connection.error().message, HasSubstr("has none"));
}

// Its greeting would come after TLS; libnats 3.4 cannot begin so.
TEST_P(TlsTest, AServerThatWantsTlsBeforeItGreetsIsSaidToBeSo) {
  if (GetParam() == tests::ServerVersion::v2_9) GTEST_SKIP() << "it cannot";
  // Half a second, for the fixture waits for a greeting, too.
  NatsServer server(options("handshake_first: 500ms"));
  auto to_it = to(server, {.ca_file = certificates_.authority()});
  to_it.connect_timeout = std::chrono::milliseconds(200);

  const auto connection = connect(to_it);

  ASSERT_THAT(connection, FailsWith(Errc::unavailable));
  EXPECT_THAT(connection.error().message, HasSubstr("handshake_first"));
}

TEST_P(TlsTest, ShowsItsCertificateToAServerThatWantsOne) {
  const NatsServer server(options("verify: true"));

  EXPECT_THAT(connect(to(server, {.ca_file = certificates_.authority(),
                                  .cert_file = certificates_.client(),
                                  .key_file = certificates_.client_key()})),
              Succeeds());
  const tests::Certificates others;
  const auto untrusted = connect(to(server, {.ca_file = certificates_.authority(),
                                             .cert_file = others.client(),
                                             .key_file = others.client_key()}));
  ASSERT_THAT(untrusted, FailsWith(Errc::permission_denied));
  EXPECT_THAT(untrusted.error().message, HasSubstr("trust our certificate"));
  const auto without = connect(to(server, {.ca_file = certificates_.authority()}));
  ASSERT_THAT(without, FailsWith(Errc::invalid_argument));
  EXPECT_THAT(without.error().message, HasSubstr("wants to see a certificate"));
}

}  // namespace
}  // namespace aether::nats
