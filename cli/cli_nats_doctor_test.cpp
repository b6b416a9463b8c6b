// SPDX-License-Identifier: Apache-2.0
#include "cli_nats_fixture.hpp"
#include "nats/patience.hpp"

#include <fstream>
#include <sstream>

namespace aether::cli::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class DoctorCliTest : public NatsCliTest,
                      public ::testing::WithParamInterface<tests::ServerVersion> {
 protected:
  static Server made(const std::string& config = "", bool jetstream = true) {
    return Server({.version = GetParam(), .jetstream = jetstream, .config = config});
  }
  static bool is_old() { return GetParam() == tests::ServerVersion::v2_9; }
};

INSTANTIATE_TEST_SUITE_P(Versions, DoctorCliTest, tests::kVersions, tests::version_name);

TEST_P(DoctorCliTest, FindsAStoreThatTheProgramHasMadeHealthy) {
  const Server server = made();
  append_at(url_of(server), "order-1", "OrderPlaced");

  const auto people = aether_at(url_of(server), {"doctor"});
  const auto programs = aether_at(url_of(server), {"doctor", "--json"});

  EXPECT_EQ(people.exit_code, 0) << people.out << people.err;
  EXPECT_EQ(people.err, "");
  EXPECT_THAT(people.out,
              AllOf(HasSubstr(is_old() ? "note     server " : "ok       server "),
                    ContainsRegex("note     replicas +one server holds the events\n +Use three"),
                    HasSubstr("\n0 problems and "), Not(HasSubstr("PROBLEM"))));
  EXPECT_EQ(programs.exit_code, 0);
  const auto all = objects(programs.out);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["healthy"], true);
  EXPECT_EQ(all[0]["verdict"], "note");
  EXPECT_EQ(all[0]["checks"][0]["check"], "server");
  EXPECT_EQ(all[0]["checks"][0]["verdict"], is_old() ? "note" : "ok");
}

TEST_P(DoctorCliTest, NamesWhatIsWrongWithAStreamThatWasMadeByHand) {
  const Server server = made();
  const std::string made_by_hand = tests::request(
      server, "$JS.API.STREAM.CREATE.aether=ev=orders",
      R"({"name":"aether=ev=orders","subjects":["aether.ev.orders.*.*"],"discard":"old",)"
      R"("max_msgs":10,"max_msgs_per_subject":5,"allow_rollup_hdrs":true})");
  ASSERT_THAT(made_by_hand, HasSubstr(R"("did_create":true)"));

  const auto people = aether_at(url_of(server), {"doctor"});
  const auto programs = aether_at(url_of(server), {"doctor", "--json"});

  EXPECT_EQ(people.exit_code, 7) << people.err;
  for (const char* const what : {"discard must be new", "max_msgs_per_subject", "allow_rollup_hdrs",
                                 "deny_delete is not set", "deny_purge is not set"}) {
    EXPECT_THAT(people.out, ContainsRegex(std::string("PROBLEM  settings .*") + what));
  }
  EXPECT_EQ(programs.exit_code, 7);
  EXPECT_EQ(objects(programs.out)[0]["healthy"], false);
}

TEST_P(DoctorCliTest, SaysThatThereIsNoStreamOrNoJetStream) {
  const Server empty = made();
  const Server without = made("", false);

  const auto no_stream = aether_at(url_of(empty), {"doctor"});
  const auto no_jetstream = aether_at(url_of(without), {"doctor"});

  EXPECT_EQ(no_stream.exit_code, 7) << no_stream.err;
  EXPECT_THAT(no_stream.out, HasSubstr("there is no stream \"aether=ev=orders\""));
  EXPECT_THAT(streams_of(empty), Not(HasSubstr("aether=ev=orders"))) << "and makes none";
  EXPECT_EQ(no_jetstream.exit_code, 7) << no_jetstream.err;
  EXPECT_THAT(no_jetstream.out, ContainsRegex("PROBLEM  jetstream"));
}

TEST_P(DoctorCliTest, TellsAReaderOfThePermissionFileThatHeIsOne) {
  const tests::Environment admin("ORDERS_ADMIN_PASSWORD", "a-secret");
  const tests::Environment writer("ORDERS_WRITER_PASSWORD", "w-secret");
  const tests::Environment reader("ORDERS_READER_PASSWORD", "r-secret");
  std::ostringstream file;
  file << std::ifstream(AETHER_SOURCE_DIR "/docs/nats-permissions.conf").rdbuf();
  const Server server = made("accounts {\n" + file.str() + "}");
  const auto url = [&](const std::string& who, const std::string& password) {
    return url_of(server, "orders_" + who + ":" + password + "@") + "?inbox=_INBOX_orders_" + who;
  };
  // Makes the stream, and may not append.
  EXPECT_EQ(aether_at(url("admin", "a-secret"), {"append", "order-1", "T"}).exit_code, 6);
  append_at(url("writer", "w-secret"), "order-1", "OrderPlaced");

  const auto done = aether_at(url("reader", "r-secret"), {"doctor"});

  EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
  EXPECT_THAT(done.out, AllOf(ContainsRegex("note     appending +the user may not: he is a reader"),
                              ContainsRegex("ok       reading "), Not(HasSubstr("secret"))));
  EXPECT_EQ(aether_at(url("reader", "r-secret"), {"append", "order-1", "T"}).exit_code, 6);
  EXPECT_EQ(aether_at(url("reader", "r-secret"), {"verify"}).exit_code, 0);
}

TEST_P(DoctorCliTest, AsksMonitoringPortsForTheirDisks) {
  const Server server = made();
  append_at(url_of(server), "order-1", "OrderPlaced");
  const std::string monitor = "http://127.0.0.1:" + std::to_string(server.monitor_port());

  const auto seen = aether_at(url_of(server), {"doctor", "--monitor", monitor + "/"});
  const auto malformed = aether_at(url_of(server), {"doctor", "--monitor", "127.0.0.1:8222"});
  const auto wrong = aether_at(url_of(server), {"doctor", "--monitor", "http://127.0.0.1:1"});

  EXPECT_EQ(seen.exit_code, 0) << seen.err;
  EXPECT_THAT(seen.out, ContainsRegex("note     sync +acknowledged before it is on the disk.*n1"));
  EXPECT_EQ(malformed.exit_code, 2);
  EXPECT_EQ(wrong.exit_code, 5);
  EXPECT_THAT(wrong.err, HasSubstr("does not answer"));
}

TEST_P(DoctorCliTest, VerifySaysWhatRetentionHasRemoved) {
  const Server server = made();
  const std::string url = url_of(server) + "?max_age=2s";
  append_at(url, "order-1", "OrderPlaced");
  Finished people;
  Finished programs;
  // An event is there for two seconds only: all of it is repeated until a slow machine has seen it.
  ASSERT_TRUE(tests::wait_until([&] {
    append_at(url, "order-1", "OrderChanged");
    people = aether_at(url, {"verify"});
    programs = aether_at(url, {"verify", "--json"});
    return people.out.find("is there from version") != std::string::npos &&
           objects(programs.out)[0]["shortenedCount"] == 1;
  })) << people.out
      << programs.out;

  EXPECT_EQ(people.exit_code, 0) << people.out << people.err;
  EXPECT_THAT(people.out, ContainsRegex("\"order-1\" is there from version [0-9]+ on"));
  EXPECT_EQ(programs.exit_code, 0) << programs.out << programs.err;
  EXPECT_EQ(objects(programs.out)[0]["shortened"][0]["actorId"], "order-1");
}

TEST_F(NatsCliTest, TheDoctorIsForStoresOnNats) {
  for (const char* const url : {"sqlite:orders.db", "memory:"}) {
    const auto done = aether_at(url, {"doctor"});
    EXPECT_EQ(done.exit_code, 8);
    EXPECT_THAT(done.err, HasSubstr("aether verify"));
  }
  EXPECT_EQ(run({"doctor"}).exit_code, 2);
}

}  // namespace
}  // namespace aether::cli::testing
