// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/transport.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace aether::nats {

/// Hears all that is published in the account.
class Watcher {
 public:
  explicit Watcher(const std::string& url)
      : transport_(*Transport::connect({.urls = {url}})),
        subscription_(*transport_->subscribe(">", "", [this](const Message& message) {
          const std::scoped_lock lock(mutex_);
          subjects_.emplace(message.subject());
        })) {
    EXPECT_TRUE(transport_->flush(std::chrono::seconds(30)));
  }

  /// All subjects that were published to before.
  std::set<std::string> subjects() {
    EXPECT_TRUE(transport_->publish({.subject = "the.end"}));
    const auto copy = [this] {
      const std::scoped_lock lock(mutex_);
      return subjects_;
    };
    EXPECT_TRUE(testing::eventually([&] { return copy().contains("the.end"); }));
    auto all = copy();
    all.erase("the.end");
    return all;
  }

 private:
  std::mutex mutex_;  // guards subjects_
  std::set<std::string> subjects_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Handle> subscription_;
};

}  // namespace aether::nats
