// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/bus.hpp"
#include "core/executor.hpp"
#include "nats/bus_numbers.hpp"
#include "nats/bus_receiver.hpp"
#include "nats/denials.hpp"
#include "nats/session.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace aether::nats {

/// What a bus over NATS and its subscriptions share: who listens, and what becomes of the
/// connection. Subscriptions know it by a weak pointer, for they may outlive the bus.
///
/// All members may be called from any thread. No lock is held while a subscription is told
/// something or ends.
class BusHub : public std::enable_shared_from_this<BusHub> {
 public:
  BusHub(std::shared_ptr<Connection> connection, BusOptions options);
  ~BusHub() = default;
  BusHub(const BusHub&) = delete;
  BusHub& operator=(const BusHub&) = delete;

  /// To be called once, before the rest.
  void listen();

  [[nodiscard]] Result<void> publish(const Namespace& ns, const StoredEvent& event);
  [[nodiscard]] Result<Subscription> subscribe(NamespacePattern pattern, Filter filter,
                                               SubscribeOptions options, BusHandler handler);
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds timeout);
  void close();

  [[nodiscard]] std::uint64_t foreign_messages() const { return foreign_; }

 private:
  struct Listener {
    std::shared_ptr<BusReceiver> receiver;
    std::unique_ptr<Handle> handle;
  };

  [[nodiscard]] Transport& transport() { return Session::of(*connection_).transport(); }
  class Return;

  void on_event(const LinkEvent& event);
  void on_reconnected();
  /// Tells of what may be missing, once the server has all subscriptions again. False: not yet.
  [[nodiscard]] bool come_back();
  void on_denied(const LinkEvent& event);
  void on_foreign(const Error& error);

  /// Those that there are now, of this subject where one is given.
  [[nodiscard]] std::vector<std::shared_ptr<BusReceiver>> receivers(const LinkEvent* denied);
  /// The threads for handlers, from the first subscription on.
  [[nodiscard]] Result<std::shared_ptr<Executor>> handlers();
  [[nodiscard]] Result<void> add(std::shared_ptr<BusReceiver> receiver);
  /// What it receives by; at once destroyed if it has ended meanwhile.
  void attach(const Delivery& delivery, std::unique_ptr<Handle> handle);
  void remove(const Delivery& delivery);
  void end_all(const Error& why);

  [[nodiscard]] bool is_known(const Namespace& ns);
  /// Whether the server lets us publish there, once it has taken what was published.
  [[nodiscard]] Result<void> learn(const Namespace& ns, std::string_view subject);

  const std::shared_ptr<Connection> connection_;
  const BusOptions options_;
  BusPublisher publisher_;
  Denials denials_;
  std::atomic<bool> is_closed_{false};
  std::atomic<std::uint64_t> foreign_{0};

  std::mutex mutex_;  // guards the next three
  std::shared_ptr<Executor> executor_;
  std::shared_ptr<Activity> return_;  // from the first new connection on
  std::unordered_map<const Delivery*, Listener> listeners_;

  std::shared_mutex known_mutex_;          // guards known_
  std::unordered_set<std::string> known_;  // namespaces into which we may publish

  std::unique_ptr<Handle> listening_;  // the last member: it tells the others
};

}  // namespace aether::nats
