// SPDX-License-Identifier: Apache-2.0
// What docs/nats-permissions.conf allows is enough for a store, and no more.
#include "aether/nats/bus.hpp"
#include "aether/nats/registry.hpp"
#include "aether/nats/snapshots.hpp"
#include "aether/nats/store.hpp"
#include "aether/store/audit.hpp"
#include "core/text.hpp"
#include "nats/commit_message.hpp"
#include "nats/hand_made_stream.hpp"
#include "nats/inbox.hpp"
#include "nats/permission_file.hpp"
#include "nats/rights_exercise.hpp"
#include "nats/session.hpp"
#include "testing/matchers.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Succeeds;
using ::testing::UnorderedElementsAreArray;
using tests::PermissionFile;
using tests::ServerVersion;

Event named(const std::string& actor_id) {
  return {.event_type = "OrderPlaced", .actor_id = actor_id};
}

class PermissionsTest : public ::testing::TestWithParam<ServerVersion> {
 protected:
  void start(const PermissionFile& file) {
    server_.emplace(tests::ServerOptions{.version = GetParam(), .config = file.config()});
  }
  /// `like`: whose inbox it has.
  std::shared_ptr<Connection> connected(const std::string& user, const std::string& like = "") {
    return *connect({.urls = {server_->url()},
                     .user = user,
                     .password = user,
                     .inbox_prefix = "_INBOX_" + (like.empty() ? user : like)});
  }
  Result<std::unique_ptr<Store>> opened(const std::string& user, const std::string& like = "",
                                        bool create = false) {
    return open(connected(user, like), orders_, {.stream = {.create = create}});
  }
  void make_streams() {
    ASSERT_THAT(opened("orders_admin", "", true), Succeeds());
    ASSERT_THAT(open_snapshots(connected("orders_admin"), orders_), Succeeds());
    ASSERT_THAT(open_registry(connected("orders_admin"), orders_), Succeeds());
  }
  void allow_direct(bool allow) {
    for (const StreamKind kind : {StreamKind::events, StreamKind::snapshots}) {
      auto config = stream_config(kind, orders_, {});
      config.allow_direct = allow;
      ASSERT_EQ(
          outcome("orders_admin", concat("$JS.API.STREAM.UPDATE.", stream_name(kind, orders_)),
                  to_json(config, 0)),
          Errc{0});
    }
  }

  /// The user's connection for what is sent without a store.
  Session& raw(const std::string& user) {
    auto& connection = raw_[user];
    if (!connection) connection = connected(user);
    return Session::of(*connection);
  }
  /// How a request ends.
  Errc outcome(const std::string& user, const std::string& subject, std::string_view body = "") {
    const auto reply =
        raw(user).requests().request({.subject = subject, .data = body, .timeout = 1s});
    return reply ? Errc{0} : reply.error().code;
  }
  /// Whether the server refuses a subscription.
  bool is_deaf(const std::string& user, const std::string& pattern) {
    Transport& transport = raw(user).transport();
    EventLog log(transport);
    const auto subscription = transport.subscribe(pattern, "", [](const Message&) {});
    EXPECT_THAT(subscription, Succeeds());
    return eventually([&] { return has_denied(log, pattern); });
  }
  static bool has_denied(EventLog& log, const std::string& subject) {
    return std::ranges::any_of(log.all(), [&](const LinkEvent& event) {
      return event.kind == LinkEvent::Kind::denied && event.subject.starts_with(subject);
    });
  }

  const Namespace orders_ = *Namespace::parse("orders");
  std::optional<tests::NatsServer> server_;
  std::map<std::string, std::shared_ptr<Connection>> raw_;
};

INSTANTIATE_TEST_SUITE_P(Versions, PermissionsTest, tests::kVersions, tests::version_name);

TEST_P(PermissionsTest, TheAdministratorMakesTheStreamAndChangesItAndDoesNothingElse) {
  start({});
  make_streams();

  const auto store = opened("orders_admin");

  ASSERT_THAT(store, Succeeds());
  EXPECT_THAT((*store)->append(named("order-1")), FailsWith(Errc::permission_denied));
  EXPECT_THAT((*store)->read("order-1"), FailsWith(Errc::permission_denied));
  auto config = stream_config(StreamKind::events, orders_, {});
  config.max_bytes = 1'000'000;
  EXPECT_EQ(outcome("orders_admin", "$JS.API.STREAM.UPDATE.aether=ev=orders", to_json(config, 0)),
            Errc{0});
  EXPECT_THAT(open(connected("orders_admin"), orders_,
                   {.stream = {.max_bytes = 1'000'000, .create = false}}),
              Succeeds());
  for (const char* const verb : {"DELETE", "PURGE", "MSG.DELETE"}) {
    EXPECT_EQ(outcome("orders_admin", concat("$JS.API.STREAM.", verb, ".aether=ev=orders")),
              Errc::permission_denied);
  }
}

TEST_P(PermissionsTest, TheWriterDoesAllThatAStoreDoes) {
  start({});
  make_streams();
  const auto store = *opened("orders_writer");
  const auto other = *opened("orders_writer");

  ASSERT_THAT(store->append(named("order-1")), Succeeds());
  ASSERT_THAT(other->append(named("order-1")), Succeeds());
  ASSERT_THAT(store->append(named("order-1")), Succeeds()) << "what it remembered is settled";
  const auto both = store->append(std::vector{named("order-2"), named("order-3")});
  if (GetParam() == ServerVersion::v2_9) {
    EXPECT_THAT(both, FailsWith(Errc::unsupported));
  } else {
    EXPECT_THAT(both, Succeeds());
  }
  EXPECT_EQ(store->latest_version("order-1"), 3U);
  EXPECT_EQ(store->read("order-1")->size(), 3U);
  EXPECT_THAT(verify(*store)->findings, IsEmpty());
}

TEST_P(PermissionsTest, TheReaderReadsAndSubscribesAndDoesNotAppend) {
  start({});
  make_streams();
  const auto writer = *opened("orders_writer");
  ASSERT_THAT(writer->append(named("order-1")), Succeeds());
  const auto reader = *opened("orders_reader");
  std::atomic<int> seen = 0;
  const auto subscription = reader->subscribe({}, 0, [&](const EventPtr&) { ++seen; });
  ASSERT_THAT(subscription, Succeeds());

  const auto begun = std::chrono::steady_clock::now();
  const auto refused = reader->append(named("order-1"));

  ASSERT_THAT(refused, FailsWith(Errc::permission_denied));
  EXPECT_THAT(refused.error().message, HasSubstr("aether.ev.orders.order.order-1"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s) << "no timeout";
  EXPECT_EQ(reader->read("order-1")->size(), 1U);
  EXPECT_EQ(reader->latest_version("order-1"), 1U);
  ASSERT_THAT(writer->append(named("order-2")), Succeeds());
  EXPECT_TRUE(eventually([&] { return seen == 2; }));
}

TEST_P(PermissionsTest, WithoutAStreamThoseWhoMayNotMakeOneAreToldSo) {
  start({});

  EXPECT_THAT(opened("orders_writer"), FailsWith(Errc::not_found));
  const auto refused = opened("orders_writer", "", true);

  ASSERT_THAT(refused, FailsWith(Errc::permission_denied));
  EXPECT_THAT(refused.error().message, HasSubstr("$JS.API.STREAM.CREATE.aether=ev=orders"));
}

TEST_P(PermissionsTest, NobodyTouchesWhatIsNotTheirs) {
  PermissionFile file;
  file.add_users_of(file.for_namespace("billing"));  // even within one account
  start(file);
  make_streams();
  const auto connection = connected("billing_admin");
  ASSERT_THAT(open(connection, *Namespace::parse("billing")), Succeeds());
  const auto store = *opened("orders_writer");
  ASSERT_THAT(store->append(named("order-1")), Succeeds());

  for (const std::string user : {"orders_writer", "orders_reader"}) {
    const auto theirs = open(connected(user), *Namespace::parse("billing"));
    EXPECT_THAT(theirs, FailsWith(Errc::permission_denied));
    for (const char* const stream : {"aether=ev=orders", "aether=snap=orders",
                                     "KV_aether-cluster-orders", "aether=ev=billing"}) {
      for (const char* const verb :
           {"STREAM.CREATE", "STREAM.UPDATE", "STREAM.DELETE", "STREAM.PURGE", "STREAM.MSG.DELETE",
            "STREAM.SNAPSHOT", "STREAM.RESTORE", "STREAM.LEADER.STEPDOWN", "STREAM.PEER.REMOVE",
            "CONSUMER.LIST", "CONSUMER.NAMES"}) {
        EXPECT_EQ(outcome(user, concat("$JS.API.", verb, ".", stream)), Errc::permission_denied)
            << verb << " " << stream;
      }
    }
    for (const char* const subject :
         {"$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES", "$JS.API.META.LEADER.STEPDOWN",
          "$JS.API.CONSUMER.DURABLE.CREATE.aether=ev=orders.x",
          "$JS.API.CONSUMER.CREATE.aether=ev=billing", "$JS.API.STREAM.INFO.aether=ev=billing",
          "$JS.API.STREAM.MSG.GET.aether=ev=billing", "$KV.aether-cluster-billing.leader",
          "$KV.aether-checkpoints.orders.x", "$JS.API.CONSUMER.CREATE.KV_aether-cluster-billing",
          "$JS.API.DIRECT.GET.aether=ev=billing", "aether.bus.billing.order.order-1",
          "aether.bus.orders.a.b.c", "aether.ev.billing.order.order-1", "aether.ev.orders.a.b.c",
          "aether.ev.orders.a", "_INBOX_orders_admin.x.1",
          "$JS.ACK.aether=ev=orders.x.1.1.1.1.0"}) {
      EXPECT_EQ(outcome(user, subject), Errc::permission_denied) << subject;
    }
    for (const char* const pattern :
         {">", "aether.>", "$KV.>", "aether.bus.>", "aether.bus.billing.*.*", "aether.bus.*.*.*",
          "aether.ev.>", "aether.ev.billing.*.*", "aether.ev.orders.>", "_INBOX.>",
          "_INBOX_orders_admin.>", "_INBOX_billing_writer.>", "$JS.>", "$JS.API.>"}) {
      EXPECT_TRUE(is_deaf(user, pattern)) << pattern;
    }
  }
  EXPECT_EQ(outcome("orders_reader", "aether.ev.orders.order.order-1"), Errc::permission_denied);
  EXPECT_EQ(outcome("orders_reader", "aether.snap.orders.order.order-1"), Errc::permission_denied);
  EXPECT_EQ(outcome("orders_reader", "$KV.aether-cluster-orders.leader"), Errc::permission_denied);
}

// A server does not check the subject that it is to reply to; accounts are what keeps replies
// apart.
TEST_P(PermissionsTest, NoReplyGetsFromOneAccountIntoAnothersStream) {
  const PermissionFile file;
  const std::string both = file.text() + file.for_namespace("billing").text();
  server_.emplace(
      tests::ServerOptions{.version = GetParam(), .config = "accounts {\n" + both + "}"});
  make_streams();
  const auto store = *opened("orders_writer");
  const auto connection = connected("billing_reader");
  Inbox heard(Session::of(*connection).transport(), "aether.ev.billing.*.*");

  ASSERT_THAT(Session::of(*connection)
                  .transport()
                  .publish({.subject = "$JS.API.INFO", .reply = "aether.ev.orders.order.forged"}),
              Succeeds());
  ASSERT_THAT(Session::of(*connection).transport().flush(30s), Succeeds());
  ASSERT_EQ(outcome("billing_reader", "$JS.API.INFO"), Errc{0}) << "what came later is answered";
  ASSERT_THAT(store->append(named("order-1")), Succeeds());

  const auto page = store->read_all({}, 0, 10);
  ASSERT_THAT(page, Succeeds());
  EXPECT_EQ(page->events.size(), 1U);
  EXPECT_EQ(sequence_of(page->next), 1U) << "nothing was stored before it";
  EXPECT_THAT(heard.wait_for(0), IsEmpty());
}

TEST_P(PermissionsTest, EachRightOfTheWriterIsNeededAndItsLackIsToldAtOnce) {
  PermissionFile file;
  const auto rights = file.rights("orders_writer", "publish");
  ASSERT_GT(rights.size(), 10U);
  for (std::size_t i = 0; i < rights.size(); ++i) {
    file.add_user_without("orders_writer", rights[i], i);
  }
  start(file);
  make_streams();
  const auto failures_of = [&](const std::string& user) {
    return Exercise().failures(orders_, [&] { return connected(user, "orders_writer"); });
  };
  ASSERT_THAT(failures_of("orders_writer"), IsEmpty());

  std::vector<std::string> missed;
  auto longest = std::chrono::steady_clock::duration::zero();
  for (const bool direct : {true, false}) {  // from any replica, or from the leader as with three
    allow_direct(direct);
    for (std::size_t i = 0; i < rights.size(); ++i) {
      const auto begun = std::chrono::steady_clock::now();
      if (!failures_of("as_" + std::to_string(i)).empty()) missed.push_back(rights[i]);
      longest = std::max(longest, std::chrono::steady_clock::now() - begun);
    }
  }

  EXPECT_LT(longest, 9s) << "a timeout would take longer";
  auto expected = rights;
  std::erase(expected, "$JS.API.CONSUMER.DELETE.aether=ev=orders.*");  // see below
  std::erase(expected, "$JS.API.CONSUMER.DELETE.KV_aether-cluster-orders.*");
  std::erase(expected, "$SYS.REQ.USER.INFO");  // see doctor_test.cpp
  if (GetParam() == ServerVersion::v2_9) {
    std::erase(expected, "$JS.API.DIRECT.GET.aether=ev=orders");
  }
  EXPECT_THAT(std::set<std::string>(missed.begin(), missed.end()),
              UnorderedElementsAreArray(expected));
}

TEST_P(PermissionsTest, TheReaderHasAllRightsOfTheWriterButToWrite) {
  const PermissionFile file;
  auto rights = file.rights("orders_writer", "publish");

  std::erase(rights, "aether.ev.orders.*.*");
  std::erase(rights, "aether.snap.orders.*.*");
  std::erase(rights, "aether.bus.orders.*.*");
  std::erase(rights, "$KV.aether-cluster-orders.>");

  EXPECT_EQ(file.rights("orders_reader", "publish"), rights);
}

TEST_P(PermissionsTest, WithoutTheRightToHearOfAppendsSubscriptionsLookForThem) {
  PermissionFile file;
  file.add_user_without("orders_reader", "aether.ev.orders.*.*", 1);
  start(file);
  make_streams();
  const auto connection = connected("as_1", "orders_reader");
  EventLog log(Session::of(*connection).transport());
  const auto reader = *open(connection, orders_, {.stream = {.create = false}});
  std::atomic<int> seen = 0;
  auto subscription = reader->subscribe({}, 0, [&](const EventPtr&) { ++seen; });
  ASSERT_THAT(subscription, Succeeds());
  ASSERT_TRUE(eventually([&] { return has_denied(log, "aether.ev.orders"); }));

  const auto writer = *opened("orders_writer");
  ASSERT_THAT(writer->append(named("order-1")), Succeeds());

  EXPECT_TRUE(eventually([&] { return seen == 1; }));
  ASSERT_THAT(writer->append(named("order-1")), Succeeds());
  EXPECT_TRUE(eventually([&] { return seen == 2; }));
}

// It ends itself some time later.
TEST_P(PermissionsTest, WithoutTheRightToEndAConsumerReadingWorks) {
  if (GetParam() != ServerVersion::v2_9) GTEST_SKIP() << "it reads without consumers";
  const std::string right = "$JS.API.CONSUMER.DELETE.aether=ev=orders.*";
  PermissionFile file;
  file.add_user_without("orders_reader", right, 1);
  start(file);
  make_streams();
  ASSERT_THAT((*opened("orders_writer"))->append(named("order-1")), Succeeds());
  const auto connection = connected("as_1", "orders_reader");
  EventLog log(Session::of(*connection).transport());
  const auto reader = *open(connection, orders_, {.stream = {.create = false}});

  EXPECT_EQ(reader->read("order-1")->size(), 1U);
  EXPECT_TRUE(eventually([&] { return has_denied(log, "$JS.API.CONSUMER.DELETE"); }));
}

TEST_P(PermissionsTest, WithoutItsOwnRepliesAUserIsToldWhatIsMissing) {
  start({});

  const auto refused = opened("orders_writer", "orders_reader");  // another's inbox

  ASSERT_THAT(refused, FailsWith(Errc::permission_denied));
  EXPECT_THAT(refused.error().message, HasSubstr("inbox prefix"));
}

}  // namespace
}  // namespace aether::nats
