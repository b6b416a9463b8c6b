// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/projection/rebuild.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace aether {

/// The rebuild of a model that somebody asked for from outside.
class RebuildThread {
 public:
  using Say = std::function<void(LogLevel level, const std::string& what)>;

  RebuildThread(EventStore& store, ReadModel& model, const Projection& projection,
                const ProjectorOptions& options, Say say);
  ~RebuildThread() { stop(); }
  RebuildThread(const RebuildThread&) = delete;
  RebuildThread& operator=(const RebuildThread&) = delete;

  /// Begins, unless it is running, or has failed a moment ago. Another projector of the same model
  /// may have begun, too: one of them does it.
  void start(bool handle_dropped);
  /// Waits for it; what was done is gone on with by the next, for the request stays.
  void stop();
  [[nodiscard]] std::optional<RebuildProgress> progress() const;
  /// Of the last one, where it failed.
  [[nodiscard]] std::optional<Error> error() const;

 private:
  void run(bool handle_dropped, const std::stop_token& stop);
  void failed(const Error& error);

  EventStore& store_;
  ReadModel& model_;
  Rebuildable* const rebuildable_;  // null: it cannot be
  const Projection& projection_;
  const ProjectorOptions& options_;
  Say say_;
  mutable std::mutex mutex_;  // guards progress_ and error_
  std::optional<RebuildProgress> progress_;
  std::optional<Error> error_;
  std::atomic<bool> running_{false};

  // Of the thread while it runs, and else of the one who starts it.
  std::chrono::steady_clock::time_point next_try_{};
  std::chrono::milliseconds wait_;
  bool has_refused_ = false;

  std::jthread thread_;
};

}  // namespace aether
