// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/registry.hpp"
#include "aether/testing/virtual_time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace aether::testing {

/// How often a node's link misbehaves, from 0 to 1, and how long things take.
struct LinkFaults {
  std::chrono::microseconds shortest{200};
  std::chrono::microseconds longest{5'000};
  double lose_request = 0;  ///< never arrives
  double lose_reply = 0;    ///< is done, and nobody is told
  double late = 0;          ///< arrives when it has been given up, maybe much later
  double twice = 0;         ///< arrives twice
  double refuse = 0;        ///< is not sent: `unavailable`
  double gap = 0;           ///< a message of the watch is lost, and that is noticed
};

class SimulatedLink;

/// A registry in a `VirtualTime`, which nodes reach by links that can misbehave. From the same seed
/// it does the same. For one thread.
class SimulatedRegistry : public std::enable_shared_from_this<SimulatedRegistry> {
 public:
  /// As the revision that a put expects: it is done whatever the revision is. Wrong code may ask
  /// for that.
  static constexpr std::uint64_t kAnyRevision = ~std::uint64_t{0};

  SimulatedRegistry(VirtualTime& world, std::uint64_t seed);

  [[nodiscard]] std::shared_ptr<SimulatedLink> link();

  Result<std::uint64_t> put(const std::string& key, std::string value, std::uint64_t expected);
  [[nodiscard]] std::optional<Registry::Entry> get(const std::string& key) const;
  [[nodiscard]] std::vector<Registry::Entry> entries() const;
  /// Its storage is lost: no keys, and revisions begin anew.
  void set_back();

 private:
  friend class SimulatedLink;
  [[nodiscard]] bool happens(double chance);
  [[nodiscard]] std::chrono::nanoseconds between(std::chrono::nanoseconds a,
                                                 std::chrono::nanoseconds b);

  const std::shared_ptr<Scheduler> network_;
  std::mt19937_64 random_;
  std::map<std::string, Registry::Entry> entries_;
  std::uint64_t revision_ = 0;
  std::vector<std::weak_ptr<SimulatedLink>> links_;
};

class SimulatedLink final : public Registry, public std::enable_shared_from_this<SimulatedLink> {
 public:
  explicit SimulatedLink(std::shared_ptr<SimulatedRegistry> store) : store_(std::move(store)) {}

  LinkFaults faults;
  /// Called as a put leaves; gives how much later it really does.
  std::function<std::chrono::nanoseconds()> on_send;

  /// Nothing gets through in either direction; the watch notices after a while.
  void cut();
  void heal();
  [[nodiscard]] bool is_cut() const { return cut_; }
  /// The watch begins anew.
  void interrupt();

  void put(std::string_view key, std::string value, std::uint64_t expected,
           std::chrono::milliseconds timeout, PutDone done) override;
  void get(std::string_view key, std::chrono::milliseconds timeout, GetDone done) override;
  [[nodiscard]] std::unique_ptr<WatchHandle> watch(Watcher watcher) override;

  struct Watching;

 private:
  friend class SimulatedRegistry;
  template <class T>
  struct Call;
  template <class T, class Act>
  void call(std::chrono::milliseconds timeout, Result<T> given_up,
            std::move_only_function<void(Result<T>)> done, Act act);
  [[nodiscard]] std::chrono::nanoseconds delay();
  void changed(const Entry& entry);
  void in_order(std::function<void(Watching&)> tell);
  void begin_anew();
  void after(std::chrono::nanoseconds delay, std::function<void(SimulatedLink&)> task);

  const std::shared_ptr<SimulatedRegistry> store_;
  bool cut_ = false;
  bool live_ = false;            // has shown, or is about to show, that it is
  std::uint64_t watch_age_ = 0;  // what an older one still had to say is lost
  BootTime told_until_{};
  std::vector<std::weak_ptr<Watching>> watchings_;
};

}  // namespace aether::testing
