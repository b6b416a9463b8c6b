// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/filter.hpp"
#include "aether/core/log.hpp"
#include "aether/core/subscription.hpp"
#include "aether/store/event_store.hpp"
#include "core/executor.hpp"
#include "store/notifier.hpp"
#include "store/store_poller.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

namespace aether {

/// The executor of a store's subscriptions, made when the first of them asks for it.
class SubscriptionThreads {
 public:
  /// Errors: those of `Executor::make`.
  [[nodiscard]] Result<std::shared_ptr<Executor>> get();

 private:
  std::mutex mutex_;  // guards executor_
  std::shared_ptr<Executor> executor_;
};

/// Where a subscription's events come from: a store's `read_all`, its notifier and its threads, all
/// kept alive by the subscription, so that it may outlive the store.
struct EventSource {
  std::function<Result<Page>(const Filter& filter, Position after, std::size_t limit)> read_all;
  std::shared_ptr<Notifier> notifier;
  std::shared_ptr<SubscriptionThreads> threads;

  /// Who looks for events that nobody here tells of. Null: nobody does, or
  std::shared_ptr<StorePoller> poller{};

  /// each subscription does, that sleeps for so long at most. The longest: it does not.
  std::chrono::milliseconds poll_interval = std::chrono::milliseconds::max();

  LogSink log{};  ///< hears when the store cannot be read, and when it can again
};

/// `invalid_argument` for an interval of nothing or less, which would keep a core busy. For a store
/// to call when it is opened, on `poll_interval` in its options; the longest is no mistake.
[[nodiscard]] Result<void> check_poll_interval(std::chrono::milliseconds interval);

/// Reads page after page, and sleeps until the notifier wakes it when there is nothing more: an
/// activity on the store's executor, with no thread of its own. Serves every store whose `read_all`
/// shows each event in order, without holes.
[[nodiscard]] Result<Subscription> start_polling(EventSource source, Filter filter, Position after,
                                                 EventHandler handler);

}  // namespace aether
