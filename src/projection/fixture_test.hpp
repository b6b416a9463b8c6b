// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/checkpoints.hpp"
#include "aether/projection/projector.hpp"
#include "aether/store/memory.hpp"
#include "aether/testing/manual_clock.hpp"
#include "testing/waiting.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace aether {

/// A store in memory, and a read model that writes down what it was given.
class ProjectionFixture : public ::testing::Test {
 protected:
  Position append(const std::string& actor, const std::string& type) {
    return store_->append({.event_type = type, .actor_id = actor}).value().position;
  }

  /// "order-1 Placed"
  [[nodiscard]] std::vector<std::string> seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

  /// How the events of a type fail; null: no more.
  void fail_with(const std::string& type, std::function<Result<void>()> failure) {
    const std::scoped_lock lock(mutex_);
    failures_[type] = std::move(failure);
  }
  void fail_with(const std::string& type, Errc code) {
    fail_with(type, [code] { return fail(code, "a bad event"); });
  }
  void mend(const std::string& type) { fail_with(type, nullptr); }

  Result<void> handle(const EventPtr& event) {
    std::function<Result<void>()> failure;
    {
      const std::scoped_lock lock(mutex_);
      ++calls_[event->event_type];
      if (const auto found = failures_.find(event->event_type); found != failures_.end()) {
        failure = found->second;
      }
    }
    if (failure) {
      if (auto failed = failure(); !failed) return failed;
    }
    const std::scoped_lock lock(mutex_);
    seen_.push_back(event->actor_id + " " + event->event_type);
    return {};
  }

  [[nodiscard]] int calls(const std::string& type) {
    const std::scoped_lock lock(mutex_);
    return calls_[type];
  }

  [[nodiscard]] std::unique_ptr<Projector> start() {
    auto started = start_projector(*store_, *model_, projection_, options_);
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
    return started ? std::move(*started) : nullptr;
  }

  static void reach(Projector& projector, Position position) {
    const auto reached = projector.wait_until(position, testing::patience());
    EXPECT_TRUE(reached) << reached.error().message;
  }

  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  std::unique_ptr<CheckpointStore> checkpoints_ = make_memory_checkpoints();
  std::unique_ptr<ReadModel> model_ =
      make_read_model([this](const EventPtr& event) { return handle(event); }, *checkpoints_);
  Projection projection_{.name = "orders"};
  ProjectorOptions options_{.max_attempts = 3,
                            .first_retry = std::chrono::milliseconds(1),
                            .last_retry = std::chrono::milliseconds(2),
                            .look_interval = std::chrono::milliseconds(5)};

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::string> seen_;
  std::map<std::string, int> calls_;
  std::map<std::string, std::function<Result<void>()>> failures_;
};

}  // namespace aether
