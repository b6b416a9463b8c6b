// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/scheduler.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

namespace aether {

/// A holder's time from acquiring a lease to losing it. May be asked by any thread.
class Tenure {
 public:
  Tenure(std::shared_ptr<const Scheduler> clock, std::uint64_t epoch, std::string name,
         BootTime until)
      : clock_(std::move(clock)), epoch_(epoch), name_(std::move(name)), until_(until.count()) {}

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] BootTime until() const { return BootTime(until_.load()); }
  [[nodiscard]] std::stop_token lost() const { return lost_.get_token(); }

  /// Right after any pause, for it reads the clock. Once false, it stays so: whoever was told that
  /// it is over must not be told otherwise by a renewal that was on its way.
  [[nodiscard]] bool is_held() const { return holds_until(); }

  /// False: it was over before.
  [[nodiscard]] bool extend(BootTime until) {
    std::int64_t now_until = kOver;
    while (holds_until(&now_until)) {
      if (until.count() <= now_until) return true;
      if (until_.compare_exchange_weak(now_until, until.count())) return true;
    }
    return false;
  }

  /// Calls who asked for it by `lost`.
  void end() {
    until_ = kOver;
    lost_.request_stop();
  }

 private:
  static constexpr std::int64_t kOver = 0;  // past, and no overflow where one counts from it

  bool holds_until(std::int64_t* out = nullptr) const {
    std::int64_t until = until_.load();
    while (clock_->now().count() >= until) {
      if (until_.compare_exchange_weak(until, kOver)) return false;
    }
    if (out != nullptr) *out = until;
    return true;
  }

  const std::shared_ptr<const Scheduler> clock_;
  const std::uint64_t epoch_;
  const std::string name_;
  mutable std::atomic<std::int64_t> until_;
  std::stop_source lost_;
};

}  // namespace aether
