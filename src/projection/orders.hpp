// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <utility>

namespace aether {

/// Whether what the model holds is not what a step was made for.
[[nodiscard]] inline bool is_conflict(const Result<void>& done) {
  return !done && done.error().code == Errc::version_conflict && done.error().position == 0;
}

/// What a projector's thread is asked to do by others, who wait for it.
class Orders {
 public:
  /// What is given once they are refused for good has that error.
  [[nodiscard]] std::future<Result<void>> give(std::function<Result<void>()> work) {
    Order order{.work = std::move(work)};
    auto done = order.done.get_future();
    const std::scoped_lock lock(mutex_);
    if (end_) {
      order.done.set_value(std::unexpected(*end_));
    } else {
      orders_.push_back(std::move(order));
    }
    return done;
  }

  /// Carries them out. A conflict of one that was meant for what the model held before is returned,
  /// and that one is tried again by the next call.
  [[nodiscard]] Result<void> obey() {
    while (auto order = next()) {
      auto done = order->work();
      if (is_conflict(done) && !order->is_again) {
        order->is_again = true;
        const std::scoped_lock lock(mutex_);
        orders_.push_front(std::move(*order));
        return done;
      }
      order->done.set_value(std::move(done));
    }
    return {};
  }

  [[nodiscard]] bool empty() const {
    const std::scoped_lock lock(mutex_);
    return orders_.empty();
  }

  /// Those that wait are not carried out.
  void refuse(const Error& error) {
    while (auto order = next()) order->done.set_value(std::unexpected(error));
  }

  /// And none that comes later, either.
  void refuse_for_good(const Error& error) {
    {
      const std::scoped_lock lock(mutex_);
      end_ = error;
    }
    refuse(error);
  }

 private:
  struct Order {
    std::function<Result<void>()> work;
    std::promise<Result<void>> done{};
    bool is_again = false;
  };

  [[nodiscard]] std::optional<Order> next() {
    const std::scoped_lock lock(mutex_);
    if (orders_.empty()) return std::nullopt;
    std::optional<Order> order = std::move(orders_.front());
    orders_.pop_front();
    return order;
  }

  mutable std::mutex mutex_;  // guards what follows
  std::deque<Order> orders_;
  std::optional<Error> end_;
};

}  // namespace aether
