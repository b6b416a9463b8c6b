// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/membership.hpp"
#include "aether/testing/virtual_time.hpp"
#include "cluster/election_simulation.hpp"
#include "cluster/trouble.hpp"
#include "testing/pausable_scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace aether {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Kind = MemberEvent::Kind;

constexpr LeaseOptions kLease{.ttl = milliseconds(1'000),
                              .renew = milliseconds(250),
                              .clock_drift = 0.06,
                              .margin = milliseconds(2)};

struct Process {
  std::string id;
  std::shared_ptr<testing::SimulatedLink> link;
  std::shared_ptr<testing::PausableScheduler> scheduler;
  std::unique_ptr<Membership> membership;  // null: it has not joined, or has left
  std::unique_ptr<Membership::Watch> watch;
  std::map<std::string, std::string> tenures;  // of whom it was told that they are there
  std::set<std::string> gone;                  // of whom it was told at this moment
  BootTime told{};
  bool over = false;  // crashed, left or refused
};

/// Nodes join, leave, crash, come back, and are doubled, with the troubles of elections.
class Memberships {
 public:
  explicit Memberships(std::uint64_t seed)
      : random_(seed), registry_(std::make_shared<testing::SimulatedRegistry>(world_, seed)) {}

  /// What was promised and did not hold.
  std::optional<std::string> run() {
    const std::size_t nodes = 2 + random_.below(3);
    for (std::size_t node = 0; node < nodes; ++node) start("node-" + std::to_string(node));
    world_.advance(seconds(1));
    for (const BootTime end = world_.now() + seconds(15); world_.now() < end && !violation_;) {
      make_trouble();
      world_.advance(random_.between(milliseconds(20), milliseconds(500)));
    }
    calm_ = true;
    for (int i = 0; i < 2; ++i) {  // what crashed or was paused comes back in between
      for (Process* const one : running()) {
        one->link->faults = {};
        one->link->heal();
      }
      world_.advance(kLease.ttl * 10);
    }
    settled_ = true;
    check_that_all_know_all();
    world_.advance(kLease.ttl * 5);
    check_an_outage();
    return violation_;
  }

  std::size_t expired = 0;

 private:
  void violate(const std::string& what) {
    if (!violation_) {
      violation_ = what + ", at " + std::to_string(world_.now().count() / 1'000) + " us";
    }
  }

  void start(const std::string& id) {
    processes_.push_back(std::make_unique<Process>());
    Process& me = *processes_.back();
    me.id = id;
    const double rate = random_.rate();
    me.link = registry_->link();
    if (!calm_) me.link->faults = random_.faults();
    me.scheduler = std::make_shared<testing::PausableScheduler>(world_.scheduler(rate));
    me.link->on_send = [this, &me, rate] {
      if (calm_ || !random_.happens(0.02)) return nanoseconds::zero();
      const nanoseconds time = random_.between(milliseconds(1), kLease.ttl * 3 / 2);
      me.scheduler->stall(time);
      return nanoseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) / rate));
    };
    Membership::join_async(me.link, me.scheduler, {.id = id}, {.lease = kLease},
                           [this, &me](Result<std::unique_ptr<Membership>> joined) {
                             if (!joined) return end(me);
                             if (me.over) return;  // it was ended meanwhile, and leaves
                             me.membership = std::move(*joined);
                             me.watch = me.membership->watch(
                                 [this, &me](const MemberEvent& event) { see(me, event); });
                           });
  }

  void see(Process& me, const MemberEvent& event) {
    const std::string& id = event.member.node.id;
    const std::string& tenure = event.member.tenure;
    const auto known = me.tenures.find(id);
    if (me.told != world_.now()) check_who_is_gone(me);
    me.told = world_.now();
    if (event.kind == Kind::joined) {
      if (known != me.tenures.end()) violate(me.id + " was told twice that " + id + " joined");
      me.gone.erase(id);
      me.tenures.insert_or_assign(id, tenure);
      if (id == me.id) check_that_it_is_alone(me);
      return;
    }
    if (known == me.tenures.end() || known->second != tenure) {
      violate(me.id + " was told of what " + id + " did before it joined");
    }
    if (event.kind == Kind::updated) return;
    me.tenures.erase(id);
    if (event.kind == Kind::expired) {
      ++expired;
      if (id != me.id) me.gone.insert(id);
    }
    // In trouble a renewal may be late to be seen: then this is a suspicion.
    for (Process* const one : running()) {
      if (settled_ && one != &me && one->membership && one->membership->tenure() == tenure) {
        violate(me.id + " took " + id + " for gone while its lease held");
      }
    }
  }

  void check_that_it_is_alone(const Process& me) {
    if (!me.membership->is_held()) return;  // it was held up before it was told
    for (Process* const one : running()) {
      if (one != &me && one->id == me.id && one->membership && one->membership->is_held()) {
        violate("two are there as " + me.id);
      }
    }
  }

  /// After an outage a tenure may be over because the next one is seen, and for no other reason.
  void check_who_is_gone(Process& me) {
    if (outage_ && !me.gone.empty()) violate(me.id + " took " + *me.gone.begin() + " for dead");
    me.gone.clear();
  }

  [[nodiscard]] std::vector<Process*> running() {
    std::vector<Process*> all;
    for (const auto& process : processes_) {
      if (!process->over) all.push_back(process.get());
    }
    return all;
  }

  void make_trouble() {
    const auto all = running();
    if (all.empty()) return;
    Process& victim = *all[random_.below(all.size())];
    switch (random_.below(9)) {
      case 0:
      case 1:
        return cut({&victim});
      case 2:
        return cut(all);
      case 3:
      case 4:
        return victim.scheduler->pause(random_.between(kLease.ttl / 10, kLease.ttl * 3));
      case 5:
        return crash(victim);
      case 6:
        return victim.scheduler->post([this, &victim] { end(victim); });
      case 7:
        return start(victim.id);  // a second one, which is to be refused
      default:
        victim.link->interrupt();
        victim.link->faults = random_.faults();
    }
  }

  void cut(const std::vector<Process*>& some) {
    for (Process* const one : some) one->link->cut();
    network_->post_after(random_.between(milliseconds(10), kLease.ttl * 5 / 2), [some] {
      for (Process* const one : some) {
        if (!one->over) one->link->heal();
      }
    });
  }

  void crash(Process& victim) {
    victim.scheduler->crash();
    victim.link->cut();
    over(victim);
  }

  /// It leaves, or was refused.
  void end(Process& victim) {
    victim.watch.reset();
    victim.membership.reset();
    over(victim);
  }

  void over(Process& victim) {
    if (std::exchange(victim.over, true)) return;
    network_->post_after(random_.between(milliseconds(1), kLease.ttl * 2), [this, id = victim.id] {
      const auto all = running();
      if (std::ranges::none_of(all, [&](Process* p) { return p->id == id; })) {
        start(id);
      }
    });
  }

  void check_that_all_know_all() {
    std::map<std::string, std::string> there;
    std::vector<Process*> members;
    for (Process* const one : running()) {
      if (!one->membership || !one->membership->is_held()) continue;
      members.push_back(one);
      there.insert_or_assign(one->id, one->membership->tenure());
    }
    if (members.size() != there.size()) violate("two are there under one id");
    // One whose id was taken while it was thought dead waits for as long as the other is there.
    for (Process* const one : running()) {
      if (!there.contains(one->id)) violate(one->id + " is not there, though all is well");
    }
    for (Process* const one : members) {
      if (one->tenures != there) violate(one->id + " does not know who is there");
      if (one->membership->members().size() != there.size()) violate(one->id + " lists others");
    }
  }

  void check_an_outage() {
    if (violation_) return;
    for (Process* const one : running()) one->gone.clear();
    outage_ = true;
    for (Process* const one : running()) one->link->cut();
    world_.advance(random_.between(kLease.ttl * 3 / 2, kLease.ttl * 4));
    for (Process* const one : running()) one->link->heal();
    world_.advance(kLease.ttl * 5);
    for (Process* const one : running()) check_who_is_gone(*one);
    check_that_all_know_all();
  }

  testing::VirtualTime world_;
  Random random_;
  const std::shared_ptr<Scheduler> network_ = world_.scheduler();
  const std::shared_ptr<testing::SimulatedRegistry> registry_;
  std::vector<std::unique_ptr<Process>> processes_;  // those that are over, too
  std::optional<std::string> violation_;
  bool calm_ = false;     // no more trouble is made
  bool settled_ = false;  // and what was made is over
  bool outage_ = false;
};

TEST(MembershipSimulation, WhatMembershipPromisesHoldsInEachWorld) {
  const std::uint64_t first = first_seed();
  const std::uint64_t seeds = seeds_to_run(300);
  std::size_t expired = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    Memberships world(seed);
    const auto violation = world.run();
    ASSERT_FALSE(violation.has_value())
        << *violation << "\nAgain: AETHER_CLUSTER_FIRST_SEED=" << seed << " AETHER_CLUSTER_SEEDS=1";
    expired += world.expired;
  }
  std::printf("%llu seeds: %zu times somebody was told that a lease had run out\n",
              static_cast<unsigned long long>(seeds), expired);
  EXPECT_GT(expired, 5 * seeds);
}

}  // namespace
}  // namespace aether
