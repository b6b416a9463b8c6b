// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"
#include "aether/core/names.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace aether {

/// A namespace that many events share.
using NamespacePtr = std::shared_ptr<const Namespace>;

/// Events that one publisher sent into one namespace, one after the other. All queues to which they
/// go share it: an event that goes to a hundred subscriptions is kept once, and counted once. Each
/// place is written once, by the publisher, before any queue is told of it.
struct Bundle {
  Bundle(NamespacePtr of, std::size_t room) : ns(std::move(of)), events(room) {}

  const NamespacePtr ns;
  std::vector<EventPtr> events;
};
using BundlePtr = std::shared_ptr<const Bundle>;

/// Where an event is. Valid until its packer packs the next.
struct Packed {
  const BundlePtr& bundle;
  std::uint32_t index;

  [[nodiscard]] const EventPtr& event() const { return bundle->events[index]; }
};

/// Puts the events of one publisher into bundles. For one thread at a time.
///
/// What waits in a queue keeps its bundle, and so some neighbours, alive; and a packer its last
/// events. So bundles are short, and a large event has one to itself.
class Packer {
 public:
  static constexpr std::size_t kRoom = 32;                // events a bundle
  static constexpr std::size_t kLargeData = 4UL * 1'024;  // bytes

  explicit Packer(NamespacePtr ns) : ns_(std::move(ns)) {}

  [[nodiscard]] Packed pack(EventPtr event) {
    const bool is_large = event->data.size() >= kLargeData;
    if (next_ == room_ || is_large) [[unlikely]] {
      begin(is_large ? 1 : kRoom);
    }
    places_[next_].swap(event);
    return {.bundle = bundle_, .index = next_++};
  }

 private:
  [[gnu::noinline]] void begin(std::size_t room) {
    auto bundle = std::make_shared<Bundle>(ns_, room);
    places_ = bundle->events.data();
    bundle_ = std::move(bundle);
    next_ = 0;
    room_ = static_cast<std::uint32_t>(room);
  }

  NamespacePtr ns_;
  BundlePtr bundle_;
  EventPtr* places_ = nullptr;  // in the bundle
  std::uint32_t next_ = 0;
  std::uint32_t room_ = 0;
};

}  // namespace aether
