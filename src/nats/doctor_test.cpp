// SPDX-License-Identifier: Apache-2.0
// What the doctor says of real servers.
#include "aether/nats/doctor.hpp"

#include "aether/nats/snapshots.hpp"
#include "aether/nats/store.hpp"
#include "aether/testing/manual_clock.hpp"
#include "nats/hand_made_stream.hpp"
#include "nats/nats_cluster.hpp"
#include "nats/permission_file.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace aether::nats {

void PrintTo(const Check& check, std::ostream* out) {
  *out << to_string(check.verdict) << " " << check.what << ": " << check.found << " | "
       << check.advice;
}

namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Each;
using testing::FailsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Succeeds;
using tests::ServerVersion;

// NOLINTBEGIN(readability-identifier-naming): matchers are named as GoogleTest names its own
::testing::Matcher<Check> Says(const std::string& what, Verdict verdict, const std::string& found) {
  return ::testing::AllOf(Field(&Check::what, what), Field(&Check::verdict, verdict),
                          Field(&Check::found, HasSubstr(found)));
}
::testing::Matcher<Check> IsNoProblem() { return Field(&Check::verdict, Not(Verdict::problem)); }
// NOLINTEND(readability-identifier-naming)

class DoctorTest : public ::testing::TestWithParam<ServerVersion> {
 protected:
  void start(tests::ServerOptions options = {}) {
    options.version = GetParam();
    server_.emplace(std::move(options));
  }
  void start_with_users(const tests::PermissionFile& file = {}) {
    start({.config = file.config()});
    const auto admin = connected("orders_admin");
    ASSERT_THAT(open(admin, ns_), Succeeds());
    ASSERT_THAT(open_snapshots(admin, ns_), Succeeds());
  }
  std::shared_ptr<Connection> connected(const std::string& user = "",
                                        const std::string& like = "") {
    ConnectOptions options{.urls = {server_->url()}, .user = user, .password = user};
    if (!user.empty()) options.inbox_prefix = "_INBOX_" + (like.empty() ? user : like);
    return *connect(options);
  }
  std::unique_ptr<Store> store(const StoreOptions& options = {}) {
    return *open(connected(), ns_, options);
  }
  std::vector<Check> checks(Connection& connection, const ExamineOptions& options = {}) {
    auto examination = examine(connection, ns_, options);
    EXPECT_THAT(examination, Succeeds());
    return examination ? std::move(examination->checks) : std::vector<Check>();
  }
  std::vector<Check> checks(const ExamineOptions& options = {}) {
    return checks(*connected(), options);
  }

  const Namespace ns_ = *Namespace::parse("orders");
  std::optional<tests::NatsServer> server_;
};

INSTANTIATE_TEST_SUITE_P(Versions, DoctorTest, tests::kVersions, tests::version_name);

TEST_P(DoctorTest, FindsNoProblemInAStoreAsItIsMade) {
  start();
  ASSERT_THAT(store()->append({.event_type = "OrderPlaced", .actor_id = "order-1"}), Succeeds());

  const auto found = checks();

  EXPECT_THAT(found, Each(IsNoProblem()));
  EXPECT_THAT(found, Contains(Says("stream", Verdict::ok, "aether=ev=orders")));
  EXPECT_THAT(found, Contains(Says("retention", Verdict::ok, "kept for 365 days; the oldest is ")));
  EXPECT_THAT(found, Contains(Says("room", Verdict::ok, "1 commit of 1 actor,")));
  EXPECT_THAT(found, Contains(Says("replicas", Verdict::note, "one server")));
  EXPECT_THAT(found, Contains(Says("reading", Verdict::ok, "")));
  EXPECT_THAT(found, Contains(Says("appending", Verdict::ok, "")));
  EXPECT_THAT(found, Contains(Says("waking", Verdict::ok, "")));
  EXPECT_THAT(found, Contains(Says("clock", Verdict::ok, "differ by ")));
  EXPECT_THAT(found, Contains(Says("sync", Verdict::note, "not known")));
  EXPECT_THAT(found, Contains(Says("payload", Verdict::ok, "1048576")));
  const bool is_old = GetParam() == ServerVersion::v2_9;
  EXPECT_THAT(found, Contains(Says("server", is_old ? Verdict::note : Verdict::ok,
                                   is_old ? "nats-server 2.9" : "nats-server 2.")));
  EXPECT_THAT(found, Contains(Says("rights beyond", is_old ? Verdict::ok : Verdict::note,
                                   is_old ? "not known" : "STREAM.DELETE, STREAM.PURGE")));
}

TEST_P(DoctorTest, ChangesNothing) {
  start();
  const auto events = store();
  ASSERT_THAT(events->append({.event_type = "OrderPlaced", .actor_id = "order-1"}), Succeeds());
  const auto state = [&] {
    const std::string info = tests::request(*server_, "$JS.API.STREAM.INFO.aether=ev=orders");
    return nlohmann::json::parse(info)["state"];
  };
  const auto before = state();

  checks();

  EXPECT_EQ(state(), before);
  EXPECT_EQ(events->read_all({}, 0, 10)->events.size(), 1U);
}

TEST_P(DoctorTest, NamesEachSettingByWhichEventsCouldGo) {
  start();
  tests::make_stream(*server_, ns_,
                     {{"discard", "old"},
                      {"max_msgs", 10},
                      {"max_msgs_per_subject", 5},
                      {"allow_rollup_hdrs", true},
                      {"allow_direct", false},
                      {"deny_delete", false},
                      {"deny_purge", false}});

  const auto found = checks();

  for (const char* const setting :
       {"discard must be new", "max_msgs_per_subject", "allow_rollup_hdrs",
        "deny_delete is not set", "deny_purge is not set"}) {
    EXPECT_THAT(found, Contains(Says("settings", Verdict::problem, setting)));
  }
  EXPECT_THAT(found, Contains(Says("settings", Verdict::note, "allow_direct")));
  EXPECT_THAT(found, Contains(Says("room", Verdict::ok, "0 % of max_msgs")));
}

TEST_P(DoctorTest, AStreamThatIsMissingIsAProblem) {
  start();

  EXPECT_THAT(checks(), Contains(Says("stream", Verdict::problem, "no stream")));
}

TEST_P(DoctorTest, AServerOrAnAccountWithoutJetStreamIsAProblem) {
  start({.jetstream = false});
  EXPECT_THAT(checks(), Contains(Says("jetstream", Verdict::problem, "")));

  start({.config = "accounts { A { users: [{user: a, password: a}] }, B { jetstream: enabled } }"});
  EXPECT_THAT(checks(*connected("a")), Contains(Says("jetstream", Verdict::problem, "")));
}

TEST_P(DoctorTest, TellsAReaderWhatHeMayDo) {
  start_with_users();

  const auto found = checks(*connected("orders_reader"));

  EXPECT_THAT(found, Each(IsNoProblem()));
  EXPECT_THAT(found, Contains(Says("reading", Verdict::ok, "")));
  EXPECT_THAT(found, Contains(Says("appending", Verdict::note, "a reader")));
  EXPECT_THAT(found, Contains(Says("waking", Verdict::ok, "")));
  EXPECT_THAT(found, Contains(Says("snapshots", Verdict::ok, "of 0 actors")));
  EXPECT_THAT(found, Contains(Says("rights beyond", Verdict::ok,
                                   GetParam() == ServerVersion::v2_9 ? "not known" : "neither")));
}

TEST_P(DoctorTest, TellsAUserWhoLacksRightsWhichTheyAre) {
  tests::PermissionFile file;
  file.add_user_without("orders_reader", "$JS.API.STREAM.MSG.GET.aether=ev=orders", 1);
  file.add_user_without("orders_reader", "aether.ev.orders.*.*", 2);
  file.add_user_without("orders_reader", "$SYS.REQ.USER.INFO", 3);
  start_with_users(file);

  EXPECT_THAT(checks(*connected("as_1", "orders_reader")),
              Contains(Says("reading", Verdict::problem, "STREAM.MSG.GET.aether=ev=orders")));
  EXPECT_THAT(checks(*connected("as_2", "orders_reader")),
              Contains(Says("waking", Verdict::note, "aether.ev.orders.*.*")));
  EXPECT_THAT(checks(*connected("as_3", "orders_reader")),
              Contains(Says("rights beyond", Verdict::ok, "not known")));
  EXPECT_THAT(checks(*connected("orders_admin")),
              Contains(Says("reading", Verdict::problem, "MSG.GET")));
}

TEST_P(DoctorTest, ComparesClocks) {
  start();
  store();
  testing::ManualClock clock(system_clock().now() - 1h);
  EXPECT_THAT(checks({.clock = &clock}),
              Contains(Says("clock", Verdict::problem, "ahead of ours")));

  clock.set(system_clock().now() + 30s);
  EXPECT_THAT(checks({.clock = &clock}), Contains(Says("clock", Verdict::note, "behind ours")));
}

TEST_P(DoctorTest, BelievesInTheDiskOnlyWhatTheMonitoringPortSays) {
  start();
  store();
  EXPECT_THAT(checks({.monitoring = {*server_->monitor("/varz")}}),
              Contains(Says("sync", Verdict::note, "acknowledged before it is on the disk")));
  EXPECT_THAT(checks({.monitoring = {"<html>"}}),
              Contains(Says("sync", Verdict::note, "no /varz")));
  if (GetParam() == ServerVersion::v2_9) return;  // it cannot be told to wait

  start({.jetstream_config = "sync_interval: always"});
  store();
  EXPECT_THAT(checks({.monitoring = {*server_->monitor("/varz")}}),
              Contains(Says("sync", Verdict::ok, "acknowledged when it is on the disk: n1")));
}

TEST_P(DoctorTest, NamesAStreamOfSnapshotsThatKeepsNone) {
  start();
  store();
  ASSERT_THAT(open_snapshots(connected(), ns_), Succeeds());
  EXPECT_THAT(checks(), Contains(Says("snapshots", Verdict::ok, "of 0 actors")));
  const std::string reply = tests::request(
      *server_, "$JS.API.STREAM.UPDATE.aether=snap=orders",
      R"({"name":"aether=snap=orders","subjects":["aether.snap.orders.*.*"],"discard":"new",)"
      R"("allow_direct":true,"max_msgs_per_subject":2,"max_consumers":100000})");
  ASSERT_THAT(reply, HasSubstr(R"("max_msgs_per_subject":2)"));

  EXPECT_THAT(checks(), Contains(Says("snapshots", Verdict::problem, "max_msgs_per_subject is 2")));
}

TEST(DoctorClusterTest, NamesTheReplicaThatIsAway) {
  tests::NatsCluster cluster;
  const Namespace ns = *Namespace::parse("orders");
  {
    const auto store = *open(*connect({.urls = cluster.urls()}), ns, {.stream = {.replicas = 3}});
    ASSERT_THAT(store->append({.event_type = "OrderPlaced", .actor_id = "order-1"}), Succeeds());
  }
  std::shared_ptr<Connection> connection = *connect({.urls = cluster.urls()});
  const auto says = [&](Verdict verdict, const std::string& found) {
    const auto examination = examine(*connection, ns);
    EXPECT_THAT(examination, Succeeds());
    return examination && std::ranges::any_of(examination->checks, [&](const Check& check) {
             return check.what == "replicas" && check.verdict == verdict &&
                    check.found.contains(found);
           });
  };
  EXPECT_TRUE(testing::eventually([&] { return says(Verdict::ok, "3 replicas: led by n"); }));
  const bool leads = says(Verdict::ok, "led by " + cluster[0].name());
  tests::NatsServer& follower = cluster[leads ? 1 : 0];
  connection = *connect({.urls = {cluster[leads ? 0 : 1].url()}});

  follower.kill_9();

  EXPECT_TRUE(testing::eventually(
      [&] { return says(Verdict::problem, follower.name() + " was last heard of "); }));
}

TEST_P(DoctorTest, CannotExamineWhatIsNotConnected) {
  start();
  const auto connection = connected();
  server_->kill_9();
  ASSERT_TRUE(
      testing::eventually([&] { return connection->status() == ConnectionStatus::reconnecting; }));
  EXPECT_THAT(examine(*connection, ns_), FailsWith(Errc::unavailable));

  connection->close();

  EXPECT_THAT(examine(*connection, ns_), FailsWith(Errc::closed));
}

}  // namespace
}  // namespace aether::nats
