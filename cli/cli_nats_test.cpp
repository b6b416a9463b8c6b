// SPDX-License-Identifier: Apache-2.0
#include "cli_nats_fixture.hpp"
#include "nats/certificates.hpp"
#include "nats/operator.hpp"

namespace aether::cli::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class NatsVersionsTest : public NatsCliTest,
                         public ::testing::WithParamInterface<tests::ServerVersion> {
 protected:
  Server server_{{.version = GetParam()}};
  std::string url_ = url_of(server_);
};

INSTANTIATE_TEST_SUITE_P(Versions, NatsVersionsTest, tests::kVersions, tests::version_name);

TEST_P(NatsVersionsTest, AllVerbsWorkThere) {
  const auto first = aether_at(
      url_, {"append", "order-1", "OrderPlaced", R"({"total":10})", "--id", "e1", "--expect", "0"});
  EXPECT_EQ(first.out, "order-1: version 1, position 1024, os_buffered\n") << first.err;
  const auto again = aether_at(url_, {"append", "order-1", "OrderPlaced", R"({"total":10})", "--id",
                                      "e1", "--version", "1"});
  EXPECT_EQ(again.out, "order-1: version 1, position 1024, os_buffered (stored already)\n");
  append_at(url_, "order-2", "OrderPlaced");
  EXPECT_EQ(aether_at(url_, {"append", "order-1", "X", "--expect", "0"}).exit_code, 4);
  const auto imported =
      aether_at(url_, {"append", "--lines"},
                {.input = "[" + envelope("order-1", 2) + "," + envelope("order-1", 3) + "]\n"});
  EXPECT_EQ(imported.out, "2 events in 1 commit, last position 3073\n") << imported.err;

  EXPECT_THAT(lines(aether_at(url_, {"read", "order-1", "--from", "2"}).out), SizeIs(1 + 2));
  EXPECT_EQ(aether_at(url_, {"read", "order-9"}).exit_code, 3);
  const auto events = objects(aether_at(url_, {"tail", "--json", "--after", "1024"}).out);
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[0]["actorId"], "order-2");
  EXPECT_EQ(events[2]["version"], 3);
  EXPECT_THAT(lines(aether_at(url_, {"tail", "--follow", "--limit", "4"}).out), SizeIs(1 + 4));
  EXPECT_THAT(objects(aether_at(url_, {"actors", "order", "--json"}).out), SizeIs(2));
  EXPECT_EQ(aether_at(url_, {"verify"}).out, "4 events of 2 actors: every chain is intact.\n");
  const auto digest = lines(aether_at(url_, {"digest"}).out).front();
  append_at(url_, "order-2", "OrderPaid");
  EXPECT_EQ(aether_at(url_, {"verify", "--against", digest}).out,
            "5 events of 2 actors: every chain is intact, and all is as the digest says.\n");
}

TEST_P(NatsVersionsTest, OnlyWhatWritesMakesTheStream) {
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"tail"},
                                               {"tail", "--follow"},
                                               {"read", "a"},
                                               {"actors"},
                                               {"verify"},
                                               {"digest"}}) {
    const auto done = aether_at(url_, verb);
    EXPECT_EQ(done.exit_code, 3) << verb.front();
    EXPECT_THAT(done.err, HasSubstr("no event store of the namespace \"orders\" at " +
                                    server_.url() + "\nIs the namespace right? "));
  }
  EXPECT_THAT(streams_of(server_), Not(HasSubstr("aether=ev")));

  append_at(url_, "a", "T");

  EXPECT_THAT(streams_of(server_), HasSubstr("\"aether=ev=orders\""));
}

TEST_P(NatsVersionsTest, AFollowerGoesOnAfterTheServerWasAway) {
  append_at(url_, "a", "First");
  Program follower(at(url_, {"tail", "--follow", "--json", "--limit", "2"}), {});
  ASSERT_TRUE(follower.wait_for("First"));

  server_.restart();
  append_at(url_, "a", "Second");
  const auto done = follower.finish();

  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(lines(done.out), ElementsAre(HasSubstr("First"), HasSubstr("Second")));
  EXPECT_THAT(done.err, HasSubstr(R"({"warning":{"message":"The connection to )"));
}

TEST_P(NatsVersionsTest, AWrongPasswordIsPermissionDeniedAndIsNotTold) {
  const Server server(
      {.version = GetParam(), .config = R"(authorization {user: eva, password: "s/cre@t,"})"});

  EXPECT_EQ(aether_at(url_of(server, "eva:s%2Fcre@t%2C@"), {"append", "a", "T"}).exit_code, 0);
  for (const std::string login : {"eva:guess@", "guess@", ""}) {
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"tail"}, {"tail", "--json"}, {"append", "a", "guess-not"}}) {
      const auto done = aether_at(url_of(server, login), args);
      EXPECT_EQ(done.exit_code, 6) << done.err;
      EXPECT_THAT(done.err, Not(HasSubstr("guess"))) << login;
    }
  }
}

TEST_F(NatsCliTest, WithoutAServerItIsUnavailable) {
  std::string url;
  {
    const tests::HeldPort port;
    url = "nats://eva:secret@127.0.0.1:" + std::to_string(port.number()) + "/orders";
  }
  const auto read = aether_at(url, {"tail", "--json"});
  EXPECT_EQ(read.exit_code, 5);
  EXPECT_EQ(Json::parse(read.err)["error"]["code"], "unavailable");
  EXPECT_THAT(read.err, Not(HasSubstr("secret")));

  const auto append = aether_at(url, {"append", "a", "T", "--timeout", "50ms"});
  EXPECT_EQ(append.exit_code, 5);
  EXPECT_THAT(append.err, AllOf(HasSubstr("Nothing was stored."), Not(HasSubstr("secret"))));
}

TEST_F(NatsCliTest, AnAppendWaitsForItsServer) {
  Server server;
  const std::string url = url_of(server);
  append_at(url, "a", "T");
  server.terminate();
  Program program(at(url, {"append", "a", "T", "--timeout", "60s"}), {.output_to_terminal = true});
  ASSERT_TRUE(program.wait_for("waiting, because"));

  server.restart();

  EXPECT_THAT(program.finish().out, HasSubstr("a: version 2, "));
}

TEST_F(NatsCliTest, ABadNamespaceIsRefusedBeforeAnyServerHearsOfIt) {
  const Server server;
  const auto connections = [&server] {
    return Json::parse(server.monitor("/varz").value_or("{}"))["total_connections"];
  };
  const std::string base = "nats://127.0.0.1:" + std::to_string(server.port()) + "/";
  const auto before = connections();
  for (const std::string name : {"a..b", "*", ">", "", "a\r\nPUB x 0\r\n\r\n", "a b", ".", "a/b"}) {
    const auto done = aether_at(base + name, {"append", "a", "T"});
    EXPECT_EQ(done.exit_code, 2) << name;
    EXPECT_THAT(done.err, HasSubstr("namespace")) << name;
  }
  EXPECT_EQ(connections(), before);
}

TEST_F(NatsCliTest, ABackupPointsToCopy) {
  const Server server;
  append_at(url_of(server), "a", "T");

  const auto done = aether_at(url_of(server), {"backup", path("x.db")});

  EXPECT_EQ(done.exit_code, 8);
  EXPECT_THAT(done.err, HasSubstr("aether copy"));
}

TEST_F(NatsCliTest, AServerWithoutJetStreamIsUnsupported) {
  const Server server({.jetstream = false});

  const auto done = aether_at(url_of(server), {"append", "a", "T"});

  EXPECT_EQ(done.exit_code, 8);
  EXPECT_THAT(done.err, HasSubstr("the server has no JetStream"));
}

TEST_F(NatsCliTest, AContextSaysHowToConnect) {
  const Server server({.config = "authorization {user: eva, password: secret}"});
  const RunOptions with_contexts{.environment = {{"XDG_CONFIG_HOME", path("config")}}};
  std::filesystem::create_directories(path("config/nats/context"));
  EXPECT_EQ(aether_at("nats:orders", {"tail"}, with_contexts).exit_code, 3);
  const std::string login = R"(,"user":"eva","password":"secret"})";
  write("config/nats/context/prod.json", R"({"url":")" + server.url() + "\"" + login);
  write("config/nats/context.txt", "prod\n");

  EXPECT_EQ(aether_at("nats:orders", {"append", "a", "T"}, with_contexts).exit_code, 0);

  EXPECT_THAT(aether_at("nats:prod/orders", {"actors"}, with_contexts).out, HasSubstr("\na "));
  EXPECT_THAT(aether_at("nats:test/orders", {"actors"}, with_contexts).err,
              HasSubstr("context/test.json"));
  EXPECT_EQ(aether_at("nats:test/orders", {"actors"}, with_contexts).exit_code, 3);
}

TEST_F(NatsCliTest, SettingsNameFiles) {
  const Server server({.jetstream = false, .config = tests::operator_config()});
  write("me.creds", tests::credentials());

  const std::string url = url_of(server) + "?creds=";
  const auto in = aether_at(url + path("me.creds"), {"tail"});
  EXPECT_EQ(in.exit_code, 8);  // logged in, it finds that this server has no JetStream
  EXPECT_THAT(in.err, HasSubstr("the server has no JetStream"));
  EXPECT_EQ(aether_at(url + path("you.creds"), {"tail"}).exit_code, 3);
  EXPECT_EQ(aether_at(url_of(server), {"tail"}).exit_code, 6);
}

TEST_F(NatsCliTest, TlsIsUsedWhereTheUrlSaysSo) {
  const tests::Certificates certificates;
  const Server server({.config = "tls {cert_file: \"" + certificates.server() + "\", key_file: \"" +
                                 certificates.server_key() + "\"}"});
  const std::string url = "tls" + url_of(server).substr(4);

  EXPECT_EQ(aether_at(url + "?ca=" + certificates.authority(), {"append", "a", "T"}).exit_code, 0);
  const auto untrusted = aether_at(url, {"append", "a", "T"});
  EXPECT_EQ(untrusted.exit_code, 2);
  EXPECT_THAT(untrusted.err, HasSubstr("TLS"));
}

TEST_F(NatsCliTest, TheStreamIsMadeAsTheUrlSaysOrMustBeSo) {
  const Server server;
  const std::string url = url_of(server);

  EXPECT_EQ(aether_at(url + "?max_age=30d&replicas=1", {"append", "a", "T"}).exit_code, 0);

  EXPECT_THAT(streams_of(server), HasSubstr("\"max_age\": 2592000000000000"));
  EXPECT_EQ(aether_at(url + "?max_age=30d", {"verify"}).exit_code, 0);
  EXPECT_EQ(aether_at(url, {"verify"}).exit_code, 0);
  const auto other = aether_at(url + "?max_age=forever", {"verify"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("max_age"));
}

}  // namespace
}  // namespace aether::cli::testing
