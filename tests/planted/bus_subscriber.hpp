// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/bus/event_bus.hpp"
#include "planted/bugs.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace aether::planted {

/// A subscription of a planted bus: a queue, and a thread that empties it.
class Subscriber : public std::enable_shared_from_this<Subscriber> {
 public:
  struct Setup {
    BusBug bug;
    NamespacePattern pattern;
    Filter filter;
    SubscribeOptions options;
    BusHandler handler;
    std::shared_ptr<std::mutex> handlers;  // for those that wait for each other
    std::function<void()> end_all;         // for the exception that ends all
  };

  explicit Subscriber(Setup setup) : setup_(std::move(setup)) {}

  void start();

  [[nodiscard]] bool sees(const Namespace& ns, const Event& event) const;
  /// False: there is no room, and it is to be waited for.
  [[nodiscard]] bool try_offer(const Namespace& ns, const EventPtr& event);
  void offer(const Namespace& ns, const EventPtr& event);
  void end(std::optional<Error> why);
  void stop();
  [[nodiscard]] Subscription::Status status() const;

 private:
  struct Item {
    Namespace ns;
    EventPtr event;
    std::uint64_t gap_before = 0;
  };

  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool is_own() const { return thread_id_ == std::this_thread::get_id(); }
  void push(const Namespace& ns, const EventPtr& event);
  void overflow(const Namespace& ns, const EventPtr& event);
  void begin_end(std::optional<Error> why);
  void run();
  bool handle(const Item& item);
  void tell_gap(std::uint64_t count);
  void finish(std::optional<Error> error);

  Setup setup_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable work_;
  std::condition_variable room_;
  std::deque<Item> queue_;
  std::uint64_t gap_at_end_ = 0;
  bool is_active_ = true;
  bool is_ending_ = false;
  bool is_stopped_ = false;
  std::optional<Error> error_;
  Subscription::Counters counters_;
  Position position_ = 0;
  int running_ = 0;
  std::condition_variable idle_;
  std::thread::id thread_id_;
};

}  // namespace aether::planted
