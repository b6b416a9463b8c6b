// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/registry.hpp"
#include "aether/testing/virtual_time.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace aether::cluster::sim {

using std::chrono::milliseconds;

/// What all nodes reach over a network that delays, loses and cuts. Lives in virtual time.
class Store {
 public:
  Result<std::uint64_t> put(const std::string& key, std::string value, std::uint64_t expected) {
    auto& entry = entries_[key];
    if (entry.revision != expected) return fail(Errc::version_conflict, "another revision");
    entry = {.key = key, .value = std::move(value), .revision = ++revision_};
    log_.push_back(entry);
    return revision_;
  }

  /// As a forger does, who cares for no revision.
  void force(const std::string& key, std::string value) {
    (void)put(key, std::move(value), get(key) ? get(key)->revision : 0);
  }

  [[nodiscard]] std::optional<Registry::Entry> get(const std::string& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.revision == 0) return std::nullopt;
    return found->second;
  }

  [[nodiscard]] std::vector<Registry::Entry> present() const {
    std::vector<Registry::Entry> present;
    for (const auto& [key, entry] : entries_) {
      if (entry.revision != 0) present.push_back(entry);
    }
    return present;
  }

  /// All puts that were done, in their order.
  [[nodiscard]] const std::vector<Registry::Entry>& log() const { return log_; }

 private:
  std::map<std::string, Registry::Entry> entries_;
  std::vector<Registry::Entry> log_;
  std::uint64_t revision_ = 0;
};

/// A node's way to the store.
class Port final : public Registry, public std::enable_shared_from_this<Port> {
 public:
  Port(std::shared_ptr<Store> store, std::shared_ptr<Scheduler> network, std::uint64_t seed)
      : store_(std::move(store)), network_(std::move(network)), random_(seed) {}

  void put(std::string_view key, std::string value, std::uint64_t expected, milliseconds timeout,
           PutDone done) override {
    auto call = std::make_shared<PutDone>(std::move(done));
    auto end = [call](Result<std::uint64_t> outcome) {
      if (*call) std::exchange(*call, nullptr)(std::move(outcome));
    };
    network_->post_after(timeout,
                         [end] { end(fail(Errc::outcome_unknown, "there is no answer")); });
    send([this, key = std::string(key), value = std::move(value), expected, end] {
      auto outcome = store_->put(key, value, expected);
      send([outcome = std::move(outcome), end] { end(outcome); });
    });
  }

  void get(std::string_view key, milliseconds timeout, GetDone done) override {
    auto call = std::make_shared<GetDone>(std::move(done));
    auto end = [call](Result<std::optional<Entry>> outcome) {
      if (*call) std::exchange(*call, nullptr)(std::move(outcome));
    };
    network_->post_after(timeout, [end] { end(fail(Errc::unavailable, "there is no answer")); });
    send([this, key = std::string(key), end] {
      send([entry = store_->get(key), end] { end(entry); });
    });
  }

  std::unique_ptr<WatchHandle> watch(Watcher watcher) override {
    watcher_ = std::make_shared<Watcher>(std::move(watcher));
    begin_anew();
    network_->post(
        [self = weak_from_this(), watch = std::weak_ptr(watcher_)] { poll(self, watch); });
    return std::make_unique<Handle>(shared_from_this());
  }

  /// From now on nothing gets through.
  void cut() {
    is_cut_ = true;
    is_told_ = false;
  }
  void heal() { is_cut_ = false; }
  /// No message takes more than 4 ms.
  void calm() { is_calm_ = true; }
  /// Messages are lost with this probability.
  void lose(double share) { loss_ = share; }

 private:
  class Handle final : public WatchHandle {
   public:
    explicit Handle(std::shared_ptr<Port> port) : port_(std::move(port)) {}
    ~Handle() override { port_->watcher_.reset(); }

   private:
    const std::shared_ptr<Port> port_;
  };

  [[nodiscard]] milliseconds delay() {
    const auto slow = !is_calm_ && random_() % 50 == 0 ? 300U : 4U;
    return milliseconds(1 + random_() % slow);
  }

  template <class Task>
  void send(Task task) {
    if (is_cut_ || std::bernoulli_distribution(loss_)(random_)) return;
    network_->post_after(delay(), [self = shared_from_this(), task = std::move(task)] {
      if (!self->is_cut_) task();
    });
  }

  void begin_anew() {
    present_ = store_->present();
    seen_ = store_->log().size();
    is_live_ = false;
  }

  /// Looks every 2 ms for what is new: in order, a little late, and not at all while it is cut off.
  static void poll(const std::weak_ptr<Port>& weak, const std::weak_ptr<Watcher>& weak_watcher) {
    const auto self = weak.lock();
    const auto watcher = weak_watcher.lock();
    if (!self || !watcher) return;
    self->look(*watcher);
    self->network_->post_after(milliseconds(2), [weak, weak_watcher] { poll(weak, weak_watcher); });
  }

  void look(const Watcher& watcher) {
    if (is_cut_) {
      if (std::exchange(is_told_, true)) return;
      is_live_ = false;
      return watcher.on_live(false);
    }
    if (!is_live_) {
      begin_anew();
      for (const Entry& entry : present_) watcher.on_entry(entry);
      is_live_ = true;
      return watcher.on_live(true);
    }
    if (!is_calm_ && is_held_up_ == 0) {
      if (random_() % 200 == 0) is_held_up_ = static_cast<int>(random_() % 50);
      if (random_() % 5'000 == 0) is_held_up_ = static_cast<int>(random_() % 1'000);
    }
    if (is_held_up_ > 0) {
      --is_held_up_;
      return;
    }
    while (seen_ < store_->log().size()) watcher.on_entry(store_->log()[seen_++]);
  }

  const std::shared_ptr<Store> store_;
  const std::shared_ptr<Scheduler> network_;
  std::mt19937_64 random_;
  std::shared_ptr<Watcher> watcher_;
  std::vector<Entry> present_;
  std::size_t seen_ = 0;
  bool is_live_ = false;
  bool is_cut_ = false;
  bool is_told_ = false;
  bool is_calm_ = false;
  int is_held_up_ = 0;
  double loss_ = 0;
};

/// A node's scheduler, which can be stopped as a process can be: its clock runs on.
class Process final : public Scheduler, public std::enable_shared_from_this<Process> {
 public:
  explicit Process(std::shared_ptr<Scheduler> scheduler) : scheduler_(std::move(scheduler)) {}

  [[nodiscard]] BootTime now() const override { return scheduler_->now(); }
  void post(Task task) override { post_after({}, std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, Task task) override {
    scheduler_->post_after(delay, [weak = weak_from_this(), task = std::move(task)]() mutable {
      if (const auto self = weak.lock()) self->run(std::move(task));
    });
  }

  void pause() { is_paused_ = true; }
  void resume() {
    is_paused_ = false;
    for (Task& task : std::exchange(waiting_, {})) post(std::move(task));
  }
  void kill() { is_dead_ = true; }

 private:
  void run(Task task) {
    if (is_dead_) return;
    if (is_paused_) return waiting_.push_back(std::move(task));
    task();
  }

  const std::shared_ptr<Scheduler> scheduler_;
  std::deque<Task> waiting_;
  bool is_paused_ = false;
  bool is_dead_ = false;
};

}  // namespace aether::cluster::sim
