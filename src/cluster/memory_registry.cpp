// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/registry.hpp"
#include "cluster/stoppable.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace aether {

namespace {

using Entry = Registry::Entry;

/// One who watches. Its calls come from the registry's scheduler only.
class Watch {
 public:
  explicit Watch(Registry::Watcher watcher) : watcher_(std::move(watcher)) {}

  void tell(const Entry& entry) {
    calls_.call([&] {
      if (watcher_.on_entry) watcher_.on_entry(entry);
    });
  }

  void tell_live() {
    calls_.call([&] {
      if (watcher_.on_live) watcher_.on_live(true);
    });
  }

  void stop() { calls_.stop(); }

 private:
  const Registry::Watcher watcher_;
  Stoppable calls_;
};

class Handle final : public Registry::WatchHandle {
 public:
  explicit Handle(std::shared_ptr<Watch> watch) : watch_(std::move(watch)) {}
  ~Handle() override { watch_->stop(); }

 private:
  const std::shared_ptr<Watch> watch_;
};

class MemoryRegistry final : public Registry {
 public:
  explicit MemoryRegistry(std::shared_ptr<Scheduler> scheduler)
      : scheduler_(std::move(scheduler)) {}

  void put(std::string_view key, std::string value, std::uint64_t expected,
           std::chrono::milliseconds, PutDone done) override {
    // Under the lock to the end, so that what is posted has the order of what was done.
    const std::scoped_lock lock(mutex_);
    scheduler_->post([outcome = store(key, std::move(value), expected),
                      done = std::move(done)]() mutable { done(std::move(outcome)); });
  }

  void get(std::string_view key, std::chrono::milliseconds, GetDone done) override {
    scheduler_->post(
        [outcome = find(key), done = std::move(done)]() mutable { done(std::move(outcome)); });
  }

  [[nodiscard]] std::unique_ptr<WatchHandle> watch(Watcher watcher) override {
    auto watch = std::make_shared<Watch>(std::move(watcher));
    const std::scoped_lock lock(mutex_);
    std::vector<Entry> present;
    for (const auto& [key, entry] : entries_) present.push_back(entry);
    std::ranges::sort(present, {}, &Entry::revision);
    scheduler_->post([watch, present = std::move(present)] {
      for (const Entry& entry : present) watch->tell(entry);
      watch->tell_live();
    });
    watches_.emplace_back(watch);
    return std::make_unique<Handle>(std::move(watch));
  }

 private:
  /// The mutex is held.
  Result<std::uint64_t> store(std::string_view key, std::string value, std::uint64_t expected) {
    if (auto good = check_registry_entry(key, value); !good) return std::unexpected(good.error());
    const auto at = entries_.find(key);
    const std::uint64_t present = at != entries_.end() ? at->second.revision : 0;
    if (present != expected) {
      return fail(Errc::version_conflict, concat("the key ", quoted(key), " has revision ", present,
                                                 ", not ", expected, ": read it, decide again"));
    }
    Entry entry{.key = std::string(key), .value = std::move(value), .revision = ++revision_};
    std::erase_if(watches_, [](const auto& watch) { return watch.expired(); });
    for (const auto& watch : watches_) {
      scheduler_->post([watch, entry] {
        if (const auto alive = watch.lock()) alive->tell(entry);
      });
    }
    entries_.insert_or_assign(std::string(key), std::move(entry));
    return revision_;
  }

  Result<std::optional<Entry>> find(std::string_view key) {
    if (auto good = check_registry_key(key); !good) return std::unexpected(good.error());
    const std::scoped_lock lock(mutex_);
    const auto at = entries_.find(key);
    if (at == entries_.end()) return std::nullopt;
    return at->second;
  }

  const std::shared_ptr<Scheduler> scheduler_;
  std::mutex mutex_;  // guards all below; no callback runs under it
  std::map<std::string, Entry, std::less<>> entries_;
  std::uint64_t revision_ = 0;
  std::vector<std::weak_ptr<Watch>> watches_;
};

}  // namespace

std::shared_ptr<Registry> make_memory_registry(std::shared_ptr<Scheduler> scheduler) {
  return std::make_shared<MemoryRegistry>(std::move(scheduler));
}

}  // namespace aether
