// SPDX-License-Identifier: Apache-2.0
#include "nats/follower.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace aether::tests {
namespace {

Delivery delivery_of(const EventPtr& event) {
  return {.position = event->position, .version = event->version, .id = event->id};
}

std::string describe(const Delivery& delivery) {
  return "event " + delivery.id + " (version " + std::to_string(delivery.version) + ") at " +
         std::to_string(delivery.position);
}

}  // namespace

std::vector<Delivery> deliveries_of(const std::vector<EventPtr>& events) {
  std::vector<Delivery> deliveries;
  deliveries.reserve(events.size());
  std::ranges::transform(events, std::back_inserter(deliveries), delivery_of);
  return deliveries;
}

std::string check_deliveries(const std::vector<Delivery>& seen,
                             const std::vector<Delivery>& stored) {
  const auto [wrong, right] = std::ranges::mismatch(seen, stored);
  if (wrong == seen.end() && right == stored.end()) return "";
  const std::string number = "delivery " + std::to_string(wrong - seen.begin() + 1) + ": ";
  if (wrong == seen.end()) return number + "nothing, where " + describe(*right) + " was due";
  if (std::find(seen.begin(), wrong, *wrong) != wrong) {
    return number + describe(*wrong) + " came a second time";
  }
  if (right == stored.end()) return number + describe(*wrong) + " is not stored";
  return number + describe(*wrong) + ", where " + describe(*right) + " was due";
}

void Follower::subscribe() {
  Position after = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (!seen_.empty()) after = seen_.back().position;
  }
  auto subscription = store_.subscribe({}, after, [this](const EventPtr& event) {
    const std::scoped_lock lock(mutex_);
    seen_.push_back(delivery_of(event));
  });
  if (!subscription) throw std::runtime_error(subscription.error().message);
  subscription_ = std::move(*subscription);
}

void Follower::restart() {
  subscription_.stop();
  subscribe();
}

std::vector<Delivery> Follower::seen() const {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

std::optional<Error> Follower::error() const {
  const auto status = subscription_.status();
  return status.active ? std::nullopt : status.error;
}

}  // namespace aether::tests
