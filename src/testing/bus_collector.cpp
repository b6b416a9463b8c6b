// SPDX-License-Identifier: Apache-2.0
#include "testing/bus_collector.hpp"

#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace aether::testing {

void BusCollector::Kept::add(Seen one) {
  {
    const std::scoped_lock lock(mutex);
    EXPECT_FALSE(busy) << "the handler is called by two threads at once";
    busy = true;
  }
  const std::scoped_lock lock(mutex);
  if (one.event != nullptr) ++events;
  seen.push_back(std::move(one));
  busy = false;
  arrived.notify_all();
}

BusHandler BusCollector::handler() {
  return [kept = kept_](const Namespace& ns, const EventPtr& event) {
    kept->add({.event = event, .ns = ns.text(), .gap = {}});
  };
}

std::move_only_function<void(const Gap&)> BusCollector::on_gap() {
  return [kept = kept_](const Gap& gap) { kept->add({.event = nullptr, .ns = {}, .gap = gap}); };
}

bool BusCollector::wait_for(std::size_t count) const {
  std::unique_lock lock(kept_->mutex);
  return kept_->arrived.wait_for(lock, patience(), [&] { return kept_->events >= count; });
}

std::vector<BusCollector::Seen> BusCollector::seen() const {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->seen;
}

std::size_t BusCollector::size() const {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->events;
}

std::vector<std::string> BusCollector::names() const {
  std::vector<std::string> names;
  for (const Seen& one : seen()) {
    if (one.event != nullptr) {
      names.push_back(one.event->actor_id + "@" + std::to_string(one.event->version));
      continue;
    }
    const std::string cause = one.gap.cause == Gap::Cause::overflow       ? "overflow "
                              : one.gap.cause == Gap::Cause::disconnected ? "disconnected "
                                                                          : "missing ";
    names.push_back(cause + std::to_string(one.gap.count));
  }
  return names;
}

std::vector<std::string> BusCollector::names_with_namespaces() const {
  std::vector<std::string> names;
  for (const Seen& one : seen()) {
    if (one.event == nullptr) continue;
    names.push_back(one.ns + " " + one.event->actor_id + "@" + std::to_string(one.event->version));
  }
  return names;
}

}  // namespace aether::testing
