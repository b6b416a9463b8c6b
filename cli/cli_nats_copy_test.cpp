// SPDX-License-Identifier: Apache-2.0
#include "cli_nats_fixture.hpp"
#include "nats/patience.hpp"
#include "nats/tcp_proxy.hpp"

#include <atomic>
#include <csignal>
#include <string>

namespace aether::cli::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A server, and a database with many events of some actors.
class NatsCopyTest : public NatsCliTest {
 protected:
  static constexpr int kEvents = 5'000;

  void make_database() const {
    std::string input;
    for (int i = 0; i < kEvents; ++i) {
      // Mixed, with runs, with gaps in the versions, and sometimes two in a commit.
      const int actor = (i / 3 * 7919) % 101;
      const std::string line = envelope("order-" + std::to_string(actor), i + 1);
      input += i % 10 == 0 ? "[" + line : line;
      input += i % 10 == 0 ? "," : i % 10 == 1 ? "]\n" : "\n";
    }
    const auto done = aether({"append", "--lines"}, {.input = input});
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
  [[nodiscard]] std::string copy_url() const { return "sqlite:" + path("copy.db"); }

  /// Every actor and its end, which its chain leads to: the same where the content is.
  static std::string root_of(const std::string& url) {
    const auto done = run({"--store", url, "digest", "--json"});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return Json::parse(done.out)["root"];
  }
  static std::string verified(const std::string& url) {
    return run({"--store", url, "verify"}).out;
  }
  /// Without positions, which are a store's own.
  static std::vector<Json> events_of(const std::string& url) {
    auto events = objects(run({"--store", url, "tail", "--json"}).out);
    for (Json& event : events) event.erase("position");
    return events;
  }
  [[nodiscard]] static std::string summary(int copied, int present) {
    return std::to_string(copied / 1'000) + "," + std::to_string(copied).substr(1) +
           " events copied, " + std::to_string(present) + " events there already. Read back, " +
           "every chain is the same.\n";
  }
};

class NatsRoundTripTest : public NatsCopyTest,
                          public ::testing::WithParamInterface<tests::ServerVersion> {};

INSTANTIATE_TEST_SUITE_P(Versions, NatsRoundTripTest, tests::kVersions, tests::version_name);

TEST_P(NatsRoundTripTest, ThereAndBackAllChainsAreTheSame) {
  const Server server({.version = GetParam()});
  const std::string url = url_of(server);
  make_database();

  const auto there = run({"copy", store(), url});
  const auto back = run({"copy", url, copy_url()});

  EXPECT_THAT(there.out, AllOf(StartsWith("5,000 events of 101 actors, up to position 5000: "),
                               HasSubstr(summary(kEvents, 0))))
      << there.err;
  EXPECT_THAT(back.out, HasSubstr(summary(kEvents, 0))) << back.err;
  for (const std::string& copy : {url, copy_url()}) {
    EXPECT_EQ(verified(copy), "5,000 events of 101 actors: every chain is intact.\n");
    EXPECT_EQ(root_of(copy), root_of(store()));
  }
  EXPECT_EQ(events_of(copy_url()), events_of(url)) << "a database keeps the order it is given";
  EXPECT_THAT(events_of(url), ::testing::UnorderedElementsAreArray(events_of(store())));
  const auto again = run({"copy", store(), url, "--json"});
  EXPECT_EQ(Json::parse(again.out)["copied"], 0) << again.err;
}

/// Through a proxy that lets some hundred commits pass, and holds all later answers back.
class NatsCutCopyTest : public NatsCopyTest {
 protected:
  static constexpr int kPassed = 300;

  void SetUp() override {
    NatsCopyTest::SetUp();
    make_database();
    proxy_.swallow([this](const tests::ServerFrame& frame) {
      return frame.content.contains(R"("stream":"aether)") && frame.content.contains(R"("seq":)") &&
             ++answers_ > kPassed;
    });
  }
  Finished end_by(int signal) {
    Program program({"copy", store(), proxy_.url() + "/orders"}, {});
    EXPECT_TRUE(tests::wait_until([&] { return proxy_.swallowed() > 0; }));
    program.signal(signal);
    return program.finish();
  }
  void expect_the_rest_is_copied() {
    const auto part = objects(aether_at(url_of(server_), {"tail", "--json"}).out).size();
    EXPECT_GE(part, kPassed);
    EXPECT_LT(part, kEvents);

    const auto done = run({"copy", store(), url_of(server_), "--json"});

    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(Json::parse(done.out)["copied"], kEvents - part);
    EXPECT_EQ(root_of(url_of(server_)), root_of(store()));
    EXPECT_EQ(verified(url_of(server_)), "5,000 events of 101 actors: every chain is intact.\n");
  }

  std::atomic<int> answers_ = 0;
  Server server_;
  tests::TcpProxy proxy_{server_.port()};
};

TEST_F(NatsCutCopyTest, OneThatWasKilledGoesOn) {
  const auto killed = end_by(SIGKILL);

  EXPECT_EQ(killed.signal, SIGKILL);
  expect_the_rest_is_copied();
}

TEST_F(NatsCutCopyTest, OneThatWasInterruptedSaysHowFarItCameAndGoesOn) {
  const auto interrupted = end_by(SIGINT);

  EXPECT_EQ(interrupted.exit_code, 130);
  EXPECT_THAT(interrupted.err,
              AllOf(StartsWith("aether: interrupted\n"),
                    HasSubstr(" events copied. The same command, given again, goes on")));
  expect_the_rest_is_copied();
}

TEST_F(NatsCliTest, CopyRefusesANamespaceOntoItselfByWhateverAddress) {
  for (const auto version : {tests::ServerVersion::v2_9, tests::ServerVersion::v2_15}) {
    const Server server({.version = version});
    append_at(url_of(server), "a", "T");
    std::string otherwise = url_of(server);
    otherwise.replace(otherwise.find("127.0.0.1"), std::string("127.0.0.1").size(), "127.1");

    for (const std::string& same : {url_of(server) + "?max_age=365d", otherwise}) {
      const auto done = run({"copy", url_of(server), same});

      EXPECT_EQ(done.exit_code, 2) << same;
      EXPECT_THAT(done.err, HasSubstr("the same store"));
    }
  }
}

TEST_F(NatsCliTest, CopyMakesCommitsThatTheServerTakesAndNamesTheEventThatItDoesNot) {
  const Server server({.config = "max_payload: 4096"});
  std::string small;
  for (int version = 1; version <= 100; ++version) small += envelope("a", version) + "\n";
  ASSERT_EQ(aether({"append", "--lines"}, {.input = small}).exit_code, 0);
  append("b", "Large", "\"" + std::string(8'000, 'x') + "\"");

  const auto done = run({"copy", store(), url_of(server), "--json"});

  EXPECT_EQ(done.exit_code, 2);
  const auto error = Json::parse(done.err)["error"];
  EXPECT_EQ(error["code"], "too_large");
  EXPECT_EQ(error["actorId"], "b");
  EXPECT_EQ(error["position"], 101);
  EXPECT_EQ(error["advice"], "100 events copied.");
}

TEST_F(NatsCliTest, CopyOntoAnotherHistoryIsAConflict) {
  const Server server;
  append("a", "Mine");
  append("b", "Mine");
  append_at(url_of(server), "a", "Yours");

  const auto done = run({"copy", store(), url_of(server)});

  EXPECT_EQ(done.exit_code, 4);
  EXPECT_THAT(done.err, HasSubstr("version 1 of \"a\" is another one in TO"));
  EXPECT_THAT(aether_at(url_of(server), {"read", "a"}).out, HasSubstr("Yours"));
}

TEST_F(NatsCliTest, CopyNeverMakesTheStreamThatItIsToRead) {
  const Server server;

  const auto done = run({"copy", url_of(server), store()});

  EXPECT_EQ(done.exit_code, 3);
  EXPECT_THAT(done.err, StartsWith("aether: FROM: there is no event store"));
  EXPECT_FALSE(std::filesystem::exists(database()));
}

}  // namespace
}  // namespace aether::cli::testing
