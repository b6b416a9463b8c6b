// SPDX-License-Identifier: Apache-2.0
// What a server does not allow, and how a bus says so.
#include "aether/nats/store.hpp"
#include "nats/bus_fixture.hpp"
#include "nats/permission_file.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {
namespace {

using namespace std::chrono_literals;
using testing::BusCollector;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::Succeeds;

using BusRightsTest = BusFixture;
INSTANTIATE_TEST_SUITE_P(Versions, BusRightsTest, tests::kVersions, tests::version_name);

constexpr std::string_view kTwoUsers = R"(authorization {users: [
  {user: red, password: red, permissions: {
    publish: {allow: ["aether.bus.red.*.*", "aether.bus.both.order.*",
      "aether.bus.half.order.*", "_INBOX.>"]},
    subscribe: {allow: ["aether.bus.red.*.*", "_INBOX.>"]}}},
  {user: blue, password: blue}]})";

TEST_P(BusRightsTest, WhatIsNotAllowedIsPermissionDenied) {
  start(std::string(kTwoUsers));
  const Namespace red = *Namespace::parse("red");
  const Namespace blue = *Namespace::parse("blue");
  const auto bus = opened("red");
  const auto theirs = opened("blue");
  BusCollector all;
  const Subscription watching = subscribe(*theirs, ">", all);
  const auto handler = [](const Namespace&, const EventPtr&) {};

  for (int i = 0; i < 3; ++i) {
    const auto refused = bus->publish(blue, happened("order-1", 1));
    ASSERT_THAT(refused, FailsWith(Errc::permission_denied)) << i;
    EXPECT_THAT(refused.error().message, HasSubstr("aether.bus.blue.order.order-1"));
  }
  EXPECT_THAT(bus->publish(red, happened("order-1", 2)), Succeeds());
  for (const std::string pattern : {"blue", "*", ">", "red.>", "blue.>"}) {
    EXPECT_THAT(bus->subscribe(*NamespacePattern::parse(pattern), {}, {}, handler),
                FailsWith(Errc::permission_denied))
        << pattern;
  }
  BusCollector ours;
  const Subscription subscription = subscribe(*bus, "red", ours);
  ASSERT_THAT(theirs->publish(blue, happened("order-1", 3)), Succeeds());
  ASSERT_THAT(theirs->publish(red, happened("order-1", 4)), Succeeds());

  ASSERT_TRUE(ours.wait_for(1));
  EXPECT_THAT(ours.names(), ElementsAre("order-1@4"));
  ASSERT_TRUE(all.wait_for(3));
  EXPECT_THAT(all.names(), ElementsAre("order-1@2", "order-1@3", "order-1@4"));
}

TEST_P(BusRightsTest, ALateDenialIsToldByTheNextCall) {
  start(std::string(kTwoUsers));
  const Namespace both = *Namespace::parse("both");
  const auto bus = opened("red");
  ASSERT_THAT(bus->publish(both, happened("order-1", 1)), Succeeds());

  ASSERT_THAT(bus->publish(both, happened("secret-1", 1)), Succeeds()) << "not waited for";
  const auto flushed = bus->flush(30s);

  ASSERT_THAT(flushed, FailsWith(Errc::permission_denied));
  EXPECT_THAT(flushed.error().message, HasSubstr("aether.bus.both.secret.secret-1"));
  EXPECT_THAT(bus->flush(30s), Succeeds()) << "it was told";
  EXPECT_THAT(bus->publish(both, happened("secret-1", 2)), FailsWith(Errc::permission_denied));
  EXPECT_THAT(bus->publish(both, happened("order-1", 2)), Succeeds());
}

TEST_P(BusRightsTest, NamespacesThatAreDeniedAtOnceAreEachToldTheirOwn) {
  start(std::string(kTwoUsers));
  const auto bus = opened("red");
  const std::vector<Namespace> partly{*Namespace::parse("both"), *Namespace::parse("half")};
  for (const Namespace& ns : partly) {
    ASSERT_THAT(bus->publish(ns, happened("order-1", 1)), Succeeds());
  }

  for (const Namespace& ns : partly) {
    ASSERT_THAT(bus->publish(ns, happened("secret-1", 1)), Succeeds()) << "not waited for";
  }
  BusCollector none;
  const Subscription later = subscribe(*bus, "red", none);  // waits for what was refused
  EXPECT_THAT(bus->publish(*Namespace::parse("red"), happened("order-1", 1)), Succeeds());

  for (const Namespace& ns : partly) {
    const auto refused = bus->publish(ns, happened("order-1", 2));
    ASSERT_THAT(refused, FailsWith(Errc::permission_denied));
    EXPECT_THAT(refused.error().message, HasSubstr("aether.bus." + ns.text() + ".secret"));
    EXPECT_THAT(bus->publish(ns, happened("order-1", 3)), Succeeds()) << "it was told";
  }
  EXPECT_THAT(bus->flush(30s), Succeeds());
}

TEST_P(BusRightsTest, AFlushTellsEachTimeThatASubjectIsRefused) {
  start(std::string(kTwoUsers));
  const Namespace both = *Namespace::parse("both");
  const auto bus = opened("red");

  for (Version version = 1; version <= 100; ++version) {
    ASSERT_THAT(bus->publish(both, happened("order-1", version)), Succeeds());
    ASSERT_THAT(bus->publish(both, happened("secret-1", version)), Succeeds());
    ASSERT_THAT(bus->flush(30s), FailsWith(Errc::permission_denied)) << version;
  }
}

TEST_P(BusRightsTest, ManyThatAreDeniedTogetherAreAllTold) {
  start(std::string(kTwoUsers));
  const auto bus = opened("red");
  constexpr std::size_t kThreads = 4;

  testing::run_together(kThreads, [&](std::size_t thread) {
    const std::string name = "theirs" + std::to_string(thread);
    const Namespace theirs = *Namespace::parse(name);
    for (Version version = 1; version <= 50; ++version) {
      EXPECT_THAT(bus->publish(theirs, happened("order-1", version)),
                  FailsWith(Errc::permission_denied));
      EXPECT_THAT(bus->subscribe(theirs, {}, {}, [](const Namespace&, const EventPtr&) {}),
                  FailsWith(Errc::permission_denied));
    }
  });

  EXPECT_THAT(bus->flush(30s), Succeeds()) << "all was told";
}

TEST_P(BusRightsTest, AccountsShareNothing) {
  start(R"(accounts {RED: {users: [{user: red, password: red}]},
                     BLUE: {users: [{user: blue, password: blue}]}})");
  const auto red = opened("red");
  const auto blue = opened("blue");
  BusCollector red_seen;
  BusCollector blue_seen;
  const Subscription one = subscribe(*red, ">", red_seen);
  const Subscription other = subscribe(*blue, ">", blue_seen);

  for (Version version = 1; version <= 50; ++version) {
    ASSERT_THAT(red->publish(prod_, happened("red-1", version)), Succeeds());
    ASSERT_THAT(blue->publish(prod_, happened("blue-1", version)), Succeeds());
  }

  ASSERT_TRUE(red_seen.wait_for(50) && blue_seen.wait_for(50));
  EXPECT_TRUE(std::ranges::all_of(
      red_seen.seen(), [](const auto& seen) { return seen.event->actor_id == "red-1"; }));
  EXPECT_TRUE(std::ranges::all_of(
      blue_seen.seen(), [](const auto& seen) { return seen.event->actor_id == "blue-1"; }));
}

TEST_P(BusRightsTest, AllHearTheBusOfTheirNamespaceAndTheReaderDoesNotPublish) {
  server_.emplace(
      tests::ServerOptions{.version = GetParam(), .config = tests::PermissionFile().config()});
  const Namespace orders = *Namespace::parse("orders");
  const auto as = [&](const std::string& user) {
    return *connect({.urls = {server_->url()},
                     .user = user,
                     .password = user,
                     .inbox_prefix = "_INBOX_" + user});
  };
  ASSERT_THAT(open(as("orders_admin"), orders, {.stream = {.broadcast = true}}), Succeeds());
  const auto store = *open(as("orders_writer"), orders, {.stream = {.create = false}});
  const auto writer = *open_bus(as("orders_writer"));
  const auto reader = *open_bus(as("orders_reader"));
  BusCollector read;
  BusCollector written;
  const Subscription one = subscribe(*reader, "orders", read);
  const Subscription other = subscribe(*writer, "orders", written);
  const Event made{.event_type = "OrderPlaced", .actor_id = "order-2", .version = 7};

  ASSERT_THAT(store->append(Event{.event_type = "OrderPlaced", .actor_id = "order-1"}), Succeeds());
  EXPECT_THAT(writer->publish(orders, made), Succeeds());
  EXPECT_THAT(reader->publish(orders, made), FailsWith(Errc::permission_denied));
  for (const char* const pattern : {"billing", "orders.>", "*", ">"}) {
    EXPECT_THAT(reader->subscribe(*NamespacePattern::parse(pattern), {}, {}, read.handler()),
                FailsWith(Errc::permission_denied))
        << pattern;
  }

  for (const BusCollector* collector : {&read, &written}) {
    ASSERT_TRUE(collector->wait_for(2));
    EXPECT_THAT(collector->names(), ElementsAre("order-1@1", "order-2@7"));
  }
}

}  // namespace
}  // namespace aether::nats
