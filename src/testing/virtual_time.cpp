// SPDX-License-Identifier: Apache-2.0
#include "aether/testing/virtual_time.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace aether::testing {

namespace {

// Not 0: nobody should get away with taking a time for "never".
constexpr BootTime kStart = std::chrono::hours(1);

}  // namespace

class VirtualTime::World {
 public:
  [[nodiscard]] BootTime now() const {
    const std::scoped_lock lock(mutex_);
    return now_;
  }

  void add(const void* owner, std::chrono::nanoseconds delay, Scheduler::Task task) {
    const std::scoped_lock lock(mutex_);
    if (ended_) return;
    const BootTime due = delay < BootTime::max() - now_ ? now_ + delay : BootTime::max();
    tasks_.emplace(std::pair(due, ++posted_), Entry{owner, std::move(task)});
  }

  /// Runs the next task, if its time is not after `limit`.
  bool step(BootTime limit) {
    Tasks::node_type next;
    {
      const std::scoped_lock lock(mutex_);
      if (tasks_.empty() || tasks_.begin()->first.first > limit) return false;
      next = tasks_.extract(tasks_.begin());
      now_ = std::max(now_, next.key().first);
    }
    next.mapped().task();
    return true;
  }

  void set(BootTime time) {
    const std::scoped_lock lock(mutex_);
    now_ = std::max(now_, time);
  }

  void drop(const void* owner) {
    std::vector<Tasks::node_type> dropped;  // goes without the lock: its end may post
    const std::scoped_lock lock(mutex_);
    for (auto at = tasks_.begin(); at != tasks_.end();) {
      const auto here = at++;
      if (here->second.owner == owner) dropped.push_back(tasks_.extract(here));
    }
  }

  void end() {
    Tasks dropped;
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    dropped.swap(tasks_);
  }

 private:
  struct Entry {
    const void* owner;
    Scheduler::Task task;
  };
  using Tasks = std::map<std::pair<BootTime, std::uint64_t>, Entry>;

  mutable std::mutex mutex_;  // guards all below; not held while a task runs
  BootTime now_ = kStart;
  Tasks tasks_;
  std::uint64_t posted_ = 0;
  bool ended_ = false;
};

class VirtualTime::Node final : public Scheduler {
 public:
  Node(std::shared_ptr<World> world, double rate)
      : world_(std::move(world)), rate_(rate), made_(world_->now()) {}
  ~Node() override { world_->drop(this); }

  [[nodiscard]] BootTime now() const override {
    return made_ + scaled(world_->now() - made_, rate_);
  }

  void post(Task task) override { world_->add(this, {}, std::move(task)); }

  void post_after(std::chrono::nanoseconds delay, Task task) override {
    delay = std::max(delay, delay.zero());
    if (rate_ != 1.0) {  // a nanosecond more, so that rounding makes nothing run before its time
      delay = scaled(delay, 1.0 / rate_) + std::chrono::nanoseconds(1);
    }
    world_->add(this, delay, std::move(task));
  }

 private:
  static std::chrono::nanoseconds scaled(std::chrono::nanoseconds time, double by) {
    if (by == 1.0) return time;
    const double product = static_cast<double>(time.count()) * by;
    constexpr auto kMost = std::chrono::nanoseconds(std::chrono::hours(24) * 365 * 100);
    if (product >= static_cast<double>(kMost.count())) return kMost;
    return std::chrono::nanoseconds(std::llround(product));
  }

  const std::shared_ptr<World> world_;
  const double rate_;
  const BootTime made_;
};

VirtualTime::VirtualTime() : world_(std::make_shared<World>()) {}

VirtualTime::~VirtualTime() { world_->end(); }

std::shared_ptr<Scheduler> VirtualTime::scheduler(double rate) {
  return std::make_shared<Node>(world_, rate);
}

BootTime VirtualTime::now() const { return world_->now(); }

void VirtualTime::advance(std::chrono::nanoseconds by) { run_until(now() + by); }

void VirtualTime::run_until(BootTime time) {
  while (world_->step(time)) {
  }
  world_->set(time);
}

bool VirtualTime::run_until(const std::function<bool()>& condition,
                            std::chrono::nanoseconds limit) {
  const BootTime end = now() + limit;
  while (!condition()) {
    if (!world_->step(end)) {
      world_->set(end);
      return condition();
    }
  }
  return true;
}

bool VirtualTime::step() { return world_->step(BootTime::max()); }

}  // namespace aether::testing
