// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/lease_options.hpp"
#include "aether/cluster/registry.hpp"
#include "aether/core/log.hpp"
#include "cluster/lease_sight.hpp"
#include "cluster/tenure.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace aether {

/// One who would hold, or holds, the lease under a key. Never blocks.
///
/// Its rules. A holder counts its time from before it sent a put that was done; when the answer
/// came plays no part. Others count from when they saw the put, and take over by a put on the
/// condition that it still is the last. So they may be late, or paused at any point: the later
/// holder's time begins after the earlier one's has ended, as long as clocks run as agreed. What a
/// put without an answer has done is learned by looking: a put of this tenure, wherever it is
/// seen, counts as an answer.
///
/// All members but `waiting_for` are called on the scheduler, and so are the events.
class Lease : public std::enable_shared_from_this<Lease> {
 public:
  struct Setup {
    std::shared_ptr<Registry> registry;
    std::shared_ptr<Scheduler> scheduler;
    std::string key;
    std::string holder;
    LeaseOptions options;
    LogSink log;
  };

  struct Events {
    std::function<void(const std::shared_ptr<Tenure>& tenure)> acquired;
    std::function<void(const std::string& why)> lost;  ///< after that it is wanted no more
    std::function<void(const Error& error)> refused;   ///< a put: not allowed, or not possible
  };

  Lease(Setup setup, Events events);

  /// What the watch of the registry shows; other keys are ignored.
  void see(const Registry::Entry& entry);
  void live(bool live);

  /// Tries until it is held. The tenure that follows is a new one.
  void want();
  /// Is put with the lease: at once when it is held, or with the next renewal.
  void set_data(std::string data, bool at_once = true);
  /// Holds it no longer, and wants it no longer. `done` is called when others can see that, or
  /// when they find out by waiting, after a ttl.
  void release(std::function<void()> done = {});
  /// No event from now on.
  void mute() { events_ = {}; }

  [[nodiscard]] const LeaseSight& sight() const { return sight_; }
  [[nodiscard]] const std::shared_ptr<Tenure>& tenure() const { return tenure_; }
  /// Whether what is seen was put by this object, be it in an earlier tenure.
  [[nodiscard]] bool is_own() const;

  /// What stands between it and the lease, for people. From any thread.
  [[nodiscard]] std::string waiting_for() const;

 private:
  struct Try {
    std::uint64_t count;
    std::uint64_t expected;
    BootTime sent;
  };

  void step();
  void step_soon();
  void wake_at(BootTime time);
  void put(bool holds);
  void put_ended(const Registry::Entry& put, const Result<std::uint64_t>& outcome);
  void look();
  void looked(std::uint64_t changes, const Result<std::optional<Registry::Entry>>& outcome);
  void observed();
  void confirm(const Try& found);
  void lose(const std::string& why);
  void begin_tenure();
  void try_later(const std::string& why);
  void step_released();
  void log(LogLevel level, const std::string& text) const;
  void note();

  const Setup setup_;
  Events events_;
  const std::string instance_;  // what all its tenures begin with
  std::uint64_t tenures_ = 0;
  LeaseSight sight_;

  std::string name_;  // of the tenure that is, or is to be
  std::string data_;
  std::uint64_t count_ = 0;
  std::vector<Try> tries_;          // that may have been done, or may still be
  std::shared_ptr<Tenure> tenure_;  // null: not held
  std::uint64_t revision_ = 0;      // of the last put of the tenure that is known to be done

  bool wanted_ = false;
  bool busy_ = false;  // a put or a get is on its way
  BootTime renew_at_{};
  BootTime retry_at_{};
  BootTime wake_at_ = BootTime::max();
  std::string trouble_;  // why the last try failed

  bool released_ = false;  // what is seen of its own is given back
  BootTime release_ends_{};
  std::vector<std::function<void()>> released_done_;

  struct Notes {
    bool wanted = false, held = false, live = false, free = false, own = false;
    std::string holder, trouble;
    BootTime runs_out{};
  };
  mutable std::mutex mutex_;  // guards notes_
  Notes notes_;
};

}  // namespace aether
