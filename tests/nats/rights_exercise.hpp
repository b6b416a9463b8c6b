// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/bus.hpp"
#include "aether/nats/registry.hpp"
#include "aether/nats/snapshots.hpp"
#include "aether/nats/store.hpp"
#include "aether/store/audit.hpp"
#include "testing/matchers.hpp"
#include "testing/registry_fixture.hpp"
#include "testing/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::nats {

/// What a node cannot do in the registry that is there, for want of a right, and is told so at
/// once.
inline std::vector<std::string> registry_failures(const std::shared_ptr<Connection>& connection,
                                                  const Namespace& ns) {
  std::vector<std::string> failures;
  const auto expect = [&failures](const std::string& what, const auto& result) {
    if (result) return;
    EXPECT_THAT(result, testing::FailsWith(Errc::permission_denied)) << what;
    failures.push_back(what);
  };
  // Nobody waits for a watch that cannot begin: that is logged.
  std::atomic<bool> is_denied{false};
  std::atomic<bool> is_live{false};
  const auto registry = open_registry(
      connection, ns, {.create = false, .log = [&](LogLevel, std::string_view message) {
                         if (message.contains("may not send")) is_denied = true;
                       }});
  expect("open the registry", registry);
  if (!registry) return failures;
  const auto entry = testing::RegistryTest::try_get(**registry, "leader");
  expect("get", entry);
  const std::uint64_t revision = entry && *entry ? (*entry)->revision : 0;
  // Where we may not read, we do not know what to expect.
  if (entry) expect("put", testing::RegistryTest::try_put(**registry, "leader", "a", revision));
  const auto watch = (*registry)->watch({.on_entry = {}, .on_live = [&](bool live) {
                                           if (live) is_live = true;
                                         }});
  EXPECT_TRUE(testing::eventually([&] { return is_live || is_denied; }));
  if (!is_live) failures.emplace_back("watch");
  return failures;
}

/// What a store, a bus or a registry cannot do for want of a right, and says so at once.
class Exercise {
 public:
  using Connect = std::function<std::shared_ptr<Connection>()>;

  std::vector<std::string> failures(const Namespace& ns, const Connect& connected) {
    const auto bus = open_bus(connected());
    Event event = event_of_order();
    event.version = 1;
    if (expect("open bus", bus); bus) expect("publish", (*bus)->publish(ns, event));
    check_snapshots(open_snapshots(connected(), ns, {.stream = {.create = false}}));
    for (const std::string& failure : registry_failures(connected(), ns)) {
      failures_.push_back(failure);
    }
    auto store = open(connected(), ns, {.stream = {.create = false}});
    auto other = open(connected(), ns, {.stream = {.create = false}});
    expect("open", store);
    if (!store || !other) return std::move(failures_);
    expect("append", (*store)->append(event_of_order()));
    expect("append by another", (*other)->append(event_of_order()));
    expect("append after another", (*store)->append(event_of_order()));
    expect("read", (*store)->read("order-1"));
    expect("read all", (*store)->read_all({}, 0, 10));
    expect("latest version", (*store)->latest_version("order-1"));
    expect("verify", verify(**store));
    return std::move(failures_);
  }

 private:
  static Event event_of_order() { return {.event_type = "OrderPlaced", .actor_id = "order-1"}; }

  void check_snapshots(const Result<std::unique_ptr<SnapshotStore>>& snapshots) {
    expect("open snapshots", snapshots);
    if (!snapshots) return;
    expect("save", (*snapshots)->save({.actor_id = "order-1", .version = 1, .schema = "s"}));
    const auto loaded = (*snapshots)->load("order-1");
    const bool is_none = !loaded && loaded.error().code == Errc::not_found;
    if (!is_none) expect("load", loaded);
    expect("remove", (*snapshots)->remove("order-1"));
  }

  template <class T>
  void expect(const std::string& what, const Result<T>& result) {
    if (result) return;
    EXPECT_THAT(result, testing::FailsWith(Errc::permission_denied)) << what;
    failures_.push_back(what);
  }

  std::vector<std::string> failures_;
};

}  // namespace aether::nats
