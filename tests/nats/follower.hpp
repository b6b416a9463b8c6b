// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/event_store.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace aether::tests {

/// An event's place, and which it is.
struct Delivery {
  Position position = 0;
  Version version = 0;
  std::string id{};

  friend bool operator==(const Delivery&, const Delivery&) = default;
};

[[nodiscard]] std::vector<Delivery> deliveries_of(const std::vector<EventPtr>& events);

/// Whether `seen` is what a subscriber from the beginning on must have seen of `stored`: every
/// event once, in the order of positions. A sentence for the first place at which it is not; empty:
/// it is.
[[nodiscard]] std::string check_deliveries(const std::vector<Delivery>& seen,
                                           const std::vector<Delivery>& stored);

/// A subscriber to all of a store's events, from the first on, that writes down what it is given.
class Follower {
 public:
  explicit Follower(EventStore& store) : store_(store) { subscribe(); }
  ~Follower() { subscription_.stop(); }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  /// Ends its subscription, and goes on behind the last event that it was given, as a program does
  /// that is started again.
  void restart();

  [[nodiscard]] std::vector<Delivery> seen() const;
  /// What has ended the subscription.
  [[nodiscard]] std::optional<Error> error() const;

 private:
  void subscribe();

  EventStore& store_;
  mutable std::mutex mutex_;  // guards seen_
  std::vector<Delivery> seen_;
  Subscription subscription_;
};

}  // namespace aether::tests
