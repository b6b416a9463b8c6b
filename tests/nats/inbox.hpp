// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/transport.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace aether::nats {

/// Keeps what comes on a subject, as "subject:data". Ready when it is made.
class Inbox {
 public:
  Inbox(Transport& transport, const std::string& pattern) {
    auto subscription = transport.subscribe(pattern, "", [this](const Message& message) {
      const std::scoped_lock lock(mutex_);
      seen_.push_back(std::string(message.subject()) + ":" + std::string(message.data()));
    });
    EXPECT_TRUE(subscription && transport.flush(std::chrono::seconds(30)));
    if (subscription) subscription_ = std::move(*subscription);
  }

  /// All that has come once it is `count` messages, or patience has ended.
  std::vector<std::string> wait_for(std::size_t count) {
    EXPECT_TRUE(testing::eventually([&] {
      const std::scoped_lock lock(mutex_);
      return seen_.size() >= count;
    }));
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

 private:
  std::mutex mutex_;  // guards seen_
  std::vector<std::string> seen_;
  std::unique_ptr<Handle> subscription_;  // the last member: ends before what it writes to
};

/// Keeps what happens to a connection.
class EventLog {
 public:
  explicit EventLog(Transport& transport)
      : listening_(transport.listen([this](const LinkEvent& event) {
          const std::scoped_lock lock(mutex_);
          events_.push_back(event);
        })) {}

  [[nodiscard]] std::vector<LinkEvent> all() {
    const std::scoped_lock lock(mutex_);
    return events_;
  }
  [[nodiscard]] std::vector<LinkEvent::Kind> kinds() {
    std::vector<LinkEvent::Kind> kinds;
    for (const LinkEvent& event : all()) kinds.push_back(event.kind);
    return kinds;
  }
  [[nodiscard]] long count(LinkEvent::Kind kind) { return std::ranges::count(kinds(), kind); }

 private:
  std::mutex mutex_;  // guards events_
  std::vector<LinkEvent> events_;
  std::unique_ptr<Handle> listening_;
};

}  // namespace aether::nats
