// SPDX-License-Identifier: Apache-2.0
#include "cluster/election_simulation.hpp"

#include "aether/cluster/election.hpp"
#include "aether/testing/virtual_time.hpp"
#include "cluster/trouble.hpp"
#include "testing/pausable_scheduler.hpp"
#include "testing/simulated_registry.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

namespace aether {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Clocks that run up to 5 % fast or slow are just within 6 %.
constexpr LeaseOptions kLease{.ttl = milliseconds(1'000),
                              .renew = milliseconds(250),
                              .clock_drift = 0.06,
                              .margin = milliseconds(2)};
constexpr seconds kTrouble{20};

/// From its start to its crash.
struct Process {
  std::size_t node = 0;
  double rate = 1;
  std::shared_ptr<testing::SimulatedLink> link;
  std::shared_ptr<testing::PausableScheduler> scheduler;
  std::unique_ptr<Election> election;  // null: between two
  Leadership leadership;
  std::optional<std::stop_callback<std::function<void()>>> lost;
  bool crashed = false;
};

class Elections {
 public:
  explicit Elections(std::uint64_t seed)
      : random_(seed), registry_(std::make_shared<testing::SimulatedRegistry>(world_, seed)) {}

  SimulatedElections run() {
    const std::size_t nodes = 2 + random_.below(3);
    for (std::size_t node = 0; node < nodes; ++node) start(node);
    world_.advance(milliseconds(500));
    const BootTime end = world_.now() + kTrouble;
    while (world_.now() < end && !report_.violation) {
      make_trouble();
      world_.advance(random_.between(milliseconds(20), milliseconds(500)));
    }
    calm_down();
    if (!report_.violation) check_that_one_leads();
    if (!report_.violation) check_the_leader_after_an_outage();
    return report_;
  }

 private:
  void violate(const std::string& what) {
    if (report_.violation) return;
    const auto at = std::chrono::duration_cast<microseconds>(world_.now());
    report_.violation = what + ", at " + std::to_string(at.count()) + " us";
  }

  // What processes do.

  void start(std::size_t node) {
    auto process = std::make_unique<Process>();
    Process& me = *process;
    me.node = node;
    me.rate = random_.rate();
    me.link = registry_->link();
    me.link->faults = random_.faults();
    me.link->on_send = [this, &me] { return stall(me); };
    me.scheduler = std::make_shared<testing::PausableScheduler>(world_.scheduler(me.rate));
    processes_.push_back(std::move(process));
    open(me);
  }

  void open(Process& me) {
    me.election = *Election::make(me.link, me.scheduler,
                                  {.id = "node-" + std::to_string(me.node), .lease = kLease});
    stand(me);
  }

  void stand(Process& me) {
    if (!me.election) return;
    me.election->acquire_async([this, &me](Result<Leadership> outcome) {
      if (outcome) elected(me, std::move(*outcome));
    });
  }

  void elected(Process& me, Leadership leadership) {
    ++report_.elected;
    if (leadership.epoch() <= epoch_) violate("an epoch did not grow");
    epoch_ = std::max(epoch_, leadership.epoch());
    for (const auto& other : processes_) {
      if (other.get() != &me && !other->crashed && other->leadership.is_held()) {
        violate("node " + std::to_string(me.node) + " was elected while node " +
                std::to_string(other->node) + " led");
      }
    }
    me.lost.reset();
    me.leadership = std::move(leadership);
    me.lost.emplace(me.leadership.lost(), [this, &me] {
      me.scheduler->post_after(random_.between(milliseconds(0), milliseconds(50)),
                               [this, &me] { stand(me); });
    });
    work(me, me.leadership.epoch());
  }

  /// A leader looks whether it leads, and acts; what it does arrives later, now and then much
  /// later.
  void work(Process& me, std::uint64_t epoch) {
    if (me.leadership.epoch() != epoch || !me.leadership.is_held()) return;
    if (epoch < epoch_) violate("node " + std::to_string(me.node) + " acted after another began");
    const nanoseconds delay = random_.happens(0.01)
                                  ? random_.between(milliseconds(1), kLease.ttl * 3)
                                  : random_.between(microseconds(100), milliseconds(5));
    network_->post_after(delay, [this, epoch] { write(epoch); });
    me.scheduler->post_after(random_.between(milliseconds(5), milliseconds(30)),
                             [this, &me, epoch] { work(me, epoch); });
  }

  void write(std::uint64_t epoch) {
    if (epoch < written_) {
      ++report_.refused;
    } else {
      written_ = epoch;
      ++report_.accepted;
    }
  }

  /// A process may be held up between its look at the clock and its put.
  nanoseconds stall(Process& me) {
    if (calm_ || !random_.happens(0.02)) return nanoseconds::zero();
    const nanoseconds time = random_.between(milliseconds(1), kLease.ttl * 3 / 2);
    me.scheduler->stall(time);
    return nanoseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) / me.rate));
  }

  // What is done to them.

  [[nodiscard]] std::vector<Process*> running() {
    std::vector<Process*> all;
    for (const auto& process : processes_) {
      if (!process->crashed) all.push_back(process.get());
    }
    return all;
  }

  void make_trouble() {
    const auto all = running();
    if (all.empty()) return;
    // The leader is the one whom it is worth to trouble.
    const auto leader =
        std::ranges::find_if(all, [](const Process* one) { return one->leadership.is_held(); });
    Process& victim =
        leader != all.end() && random_.happens(0.6) ? **leader : *all[random_.below(all.size())];
    switch (random_.below(9)) {
      case 0:
      case 1:
        return cut({&victim}, random_.between(milliseconds(10), kLease.ttl * 5 / 2));
      case 2:
        return cut(all, random_.between(milliseconds(10), kLease.ttl * 5 / 2));
      case 3:
      case 4:
        return victim.scheduler->pause(random_.between(kLease.ttl / 10, kLease.ttl * 3));
      case 5:
        return crash(victim);
      case 6:
        return victim.scheduler->post([&victim] { victim.leadership.resign(); });
      case 7:
        return reopen(victim);
      default:
        victim.link->interrupt();
        victim.link->faults = random_.faults();
    }
  }

  void cut(const std::vector<Process*>& some, nanoseconds time) {
    for (Process* const one : some) one->link->cut();
    network_->post_after(time, [some] {
      for (Process* const one : some) {
        if (!one->crashed) one->link->heal();
      }
    });
  }

  void crash(Process& victim) {
    victim.crashed = true;
    victim.scheduler->crash();
    victim.link->cut();
    network_->post_after(random_.between(milliseconds(1), kLease.ttl * 2),
                         [this, node = victim.node] { start(node); });
  }

  /// Ends its election, whatever it is at, and begins another.
  void reopen(Process& victim) {
    victim.scheduler->post([this, &victim] {
      victim.election.reset();
      victim.scheduler->post_after(random_.between(milliseconds(0), milliseconds(300)),
                                   [this, &victim] {
                                     if (!victim.election) open(victim);
                                   });
    });
  }

  // What is promised once all is well.

  void calm_down() {
    calm_ = true;
    for (Process* const one : running()) {
      one->link->faults = {};
      one->link->heal();
    }
    world_.advance(kLease.ttl * 10);  // what is crashed or paused comes back, what is late is past
    for (Process* const one : running()) {
      one->link->faults = {};
      one->link->heal();
    }
    world_.advance(kLease.ttl * 5);
  }

  [[nodiscard]] Process* leader() {
    Process* found = nullptr;
    for (Process* const one : running()) {
      if (!one->leadership.is_held()) continue;
      if (found != nullptr) violate("two lead, though all is well");
      found = one;
    }
    if (found == nullptr) violate("nobody leads, though all is well");
    return found;
  }

  void check_that_one_leads() {
    const Process* const found = leader();
    if (found == nullptr) return;
    const std::uint64_t epoch = epoch_;
    world_.advance(kLease.ttl * 5);
    if (epoch_ != epoch || !found->leadership.is_held()) {
      violate("the leader changed, though all is well");
    }
    for (const Process* const one : running()) {
      if (one->election->leader() != "node-" + std::to_string(found->node)) {
        violate("node " + std::to_string(one->node) + " does not know the leader");
      }
    }
  }

  void check_the_leader_after_an_outage() {
    const Process* const before = leader();
    if (before == nullptr) return;
    const std::uint64_t epoch = epoch_;
    for (Process* const one : running()) one->link->cut();
    world_.advance(random_.between(kLease.ttl * 3 / 2, kLease.ttl * 4));
    for (Process* const one : running()) one->link->heal();
    if (!world_.run_until([&] { return epoch_ != epoch; }, kLease.ttl * 5)) {
      violate("nobody leads after an outage");
    } else if (!before->leadership.is_held()) {
      violate("another leads after an outage");
    }
  }

  testing::VirtualTime world_;
  Random random_;
  const std::shared_ptr<Scheduler> network_ = world_.scheduler();
  const std::shared_ptr<testing::SimulatedRegistry> registry_;
  std::vector<std::unique_ptr<Process>> processes_;  // crashed ones, too
  SimulatedElections report_;
  std::uint64_t epoch_ = 0;    // of the last who was elected
  std::uint64_t written_ = 0;  // the greatest that the store has seen
  bool calm_ = false;
};

}  // namespace

SimulatedElections simulate_elections(std::uint64_t seed) { return Elections(seed).run(); }

}  // namespace aether
