// SPDX-License-Identifier: Apache-2.0
#include "testing/simulated_registry.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <utility>

namespace aether::testing {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

SimulatedRegistry::SimulatedRegistry(VirtualTime& world, std::uint64_t seed)
    : network_(world.scheduler()), random_(seed) {}

std::shared_ptr<SimulatedLink> SimulatedRegistry::link() {
  auto link = std::make_shared<SimulatedLink>(shared_from_this());
  links_.push_back(link);
  return link;
}

Result<std::uint64_t> SimulatedRegistry::put(const std::string& key, std::string value,
                                             std::uint64_t expected) {
  const auto at = entries_.find(key);
  const std::uint64_t present = at != entries_.end() ? at->second.revision : 0;
  if (expected != kAnyRevision && expected != present) {
    return fail(Errc::version_conflict, concat("it has revision ", present, ", not ", expected));
  }
  const Registry::Entry entry{.key = key, .value = std::move(value), .revision = ++revision_};
  entries_.insert_or_assign(key, entry);
  for (const auto& weak : links_) {
    if (const auto link = weak.lock()) link->changed(entry);
  }
  return revision_;
}

std::optional<Registry::Entry> SimulatedRegistry::get(const std::string& key) const {
  const auto at = entries_.find(key);
  return at != entries_.end() ? std::optional(at->second) : std::nullopt;
}

std::vector<Registry::Entry> SimulatedRegistry::entries() const {
  std::vector<Registry::Entry> all;
  for (const auto& [key, entry] : entries_) all.push_back(entry);
  std::ranges::sort(all, {}, &Registry::Entry::revision);
  return all;
}

void SimulatedRegistry::set_back() {
  entries_.clear();
  revision_ = 0;
}

bool SimulatedRegistry::happens(double chance) {
  return chance > 0 && std::uniform_real_distribution<>(0, 1)(random_) < chance;
}

nanoseconds SimulatedRegistry::between(nanoseconds a, nanoseconds b) {
  return nanoseconds(std::uniform_int_distribution<std::int64_t>(a.count(), b.count())(random_));
}

struct SimulatedLink::Watching {
  Watcher watcher;
};

namespace {

class WatchingHandle final : public Registry::WatchHandle {
 public:
  explicit WatchingHandle(std::shared_ptr<SimulatedLink::Watching> watching)
      : watching_(std::move(watching)) {}

 private:
  const std::shared_ptr<SimulatedLink::Watching> watching_;
};

}  // namespace

void SimulatedLink::cut() {
  cut_ = true;
  const std::uint64_t age = ++watch_age_;
  if (!std::exchange(live_, false)) return;
  // How long a silence has to last before it is noticed.
  after(store_->between(milliseconds(10), milliseconds(600)), [age](SimulatedLink& me) {
    if (me.watch_age_ != age) return;
    me.in_order([](Watching& one) { one.watcher.on_live(false); });
  });
}

void SimulatedLink::heal() {
  if (!std::exchange(cut_, false)) return;
  ++watch_age_;
  in_order([](Watching& one) { one.watcher.on_live(false); });
  begin_anew();
}

void SimulatedLink::interrupt() {
  if (cut_) return;
  ++watch_age_;
  live_ = false;
  in_order([](Watching& one) { one.watcher.on_live(false); });
  begin_anew();
}

/// One request and its reply.
template <class T>
struct SimulatedLink::Call {
  std::move_only_function<void(Result<T>)> done;

  void end(Result<T> result) {
    if (auto taken = std::exchange(done, {})) taken(std::move(result));
  }
};

template <class T, class Act>
void SimulatedLink::call(milliseconds timeout, Result<T> given_up,
                         std::move_only_function<void(Result<T>)> done, Act act) {
  const auto call = std::make_shared<Call<T>>(std::move(done));
  const nanoseconds held_up = on_send ? on_send() : nanoseconds::zero();
  if (store_->happens(faults.refuse)) {
    return after(held_up, [call](SimulatedLink&) {
      call->end(fail(Errc::unavailable, "the link refuses"));
    });
  }
  after(held_up + timeout, [call, given_up](SimulatedLink&) { call->end(given_up); });
  auto arrive = [call, act](SimulatedLink& me) {
    if (me.cut_) return;
    Result<T> result = act(*me.store_);
    if (me.store_->happens(me.faults.lose_reply)) return;
    me.after(me.delay(), [call, result = std::move(result)](SimulatedLink& at_end) {
      if (!at_end.cut_) call->end(result);
    });
  };
  const int times = store_->happens(faults.twice) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    if (cut_ || store_->happens(faults.lose_request)) continue;
    const nanoseconds late = store_->happens(faults.late)
                                 ? store_->between(milliseconds(1), timeout * 8)
                                 : nanoseconds::zero();
    after(held_up + delay() + late, arrive);
  }
}

void SimulatedLink::put(std::string_view key, std::string value, std::uint64_t expected,
                        milliseconds timeout, PutDone done) {
  call<std::uint64_t>(timeout, fail(Errc::outcome_unknown, "no answer"), std::move(done),
                      [key = std::string(key), value, expected](SimulatedRegistry& store) {
                        return store.put(key, value, expected);
                      });
}

void SimulatedLink::get(std::string_view key, milliseconds timeout, GetDone done) {
  call<std::optional<Entry>>(
      timeout, fail(Errc::unavailable, "no answer"), std::move(done),
      [key = std::string(key)](SimulatedRegistry& store) -> Result<std::optional<Entry>> {
        return store.get(key);
      });
}

std::unique_ptr<Registry::WatchHandle> SimulatedLink::watch(Watcher watcher) {
  auto watching = std::make_shared<Watching>(std::move(watcher));
  watchings_.emplace_back(watching);
  begin_anew();
  return std::make_unique<WatchingHandle>(std::move(watching));
}

nanoseconds SimulatedLink::delay() { return store_->between(faults.shortest, faults.longest); }

void SimulatedLink::changed(const Entry& entry) {
  if (cut_ || !live_) return;
  if (store_->happens(faults.gap)) return interrupt();
  in_order([entry](Watching& one) { one.watcher.on_entry(entry); });
}

/// Tells what it has to after all that was told before, if the watch is still the same.
void SimulatedLink::in_order(std::function<void(Watching&)> tell) {
  const BootTime now = store_->network_->now();
  told_until_ = std::max(told_until_, now + delay());
  after(told_until_ - now, [age = watch_age_, tell = std::move(tell)](SimulatedLink& me) {
    if (me.watch_age_ != age) return;
    for (const auto& weak : std::vector(me.watchings_)) {
      if (const auto watching = weak.lock()) tell(*watching);
    }
  });
}

void SimulatedLink::begin_anew() {
  const std::uint64_t age = watch_age_;
  after(delay(), [age](SimulatedLink& me) {
    if (me.cut_ || me.watch_age_ != age) return;
    me.live_ = true;
    me.in_order([present = me.store_->entries()](Watching& one) {
      for (const Entry& entry : present) one.watcher.on_entry(entry);
      one.watcher.on_live(true);
    });
  });
}

void SimulatedLink::after(nanoseconds delay, std::function<void(SimulatedLink&)> task) {
  store_->network_->post_after(delay, [weak = weak_from_this(), task = std::move(task)] {
    if (const auto self = weak.lock()) task(*self);
  });
}

}  // namespace aether::testing
