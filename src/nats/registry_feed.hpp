// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/listeners.hpp"
#include "nats/registry_core.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace aether::nats {

/// What a registry's watches see, by one consumer for all of them, which is there while there are
/// any. Its messages are numbered, so that a hole is seen; where nothing comes, it gives a sign of
/// life; and each second the stream's leader is asked how far it is, for the server that sends may
/// have fallen behind, or be on the wrong side of a partition. After any doubt it begins anew, with
/// a consumer of its own and an inbox of its own.
///
/// What is not said to be for any thread runs on the registry's scheduler.
class RegistryFeed : public std::enable_shared_from_this<RegistryFeed> {
 public:
  explicit RegistryFeed(std::shared_ptr<RegistryCore> core);
  ~RegistryFeed();
  RegistryFeed(const RegistryFeed&) = delete;
  RegistryFeed& operator=(const RegistryFeed&) = delete;

  /// Once, before all else.
  void listen();
  /// From any thread; returns when nothing more comes from the connection. No watch hears more.
  void close();
  /// From any thread.
  [[nodiscard]] std::unique_ptr<Registry::WatchHandle> watch(Registry::Watcher watcher);

 private:
  using Clock = std::chrono::steady_clock;
  struct News {
    const Registry::Entry* entry = nullptr;  ///< none: it is about `is_live`
    bool is_live = false;
  };
  using Watch = Gate<const News&>;
  class WatchOwner;
  /// What the consumer sent, as far as it can be told where it arrives.
  struct Arrival {
    std::uint64_t attempt = 0;
    bool is_sign_of_life = false;
    std::uint64_t sequence = 0;
    std::uint64_t number = 0;  ///< of the delivery; of the last one before, for a sign of life
    std::string subject{};
    std::string body{};
  };

  void add(const std::shared_ptr<Watch>& watch);
  void remove(const std::shared_ptr<Watch>& watch);
  void tell(const News& news);

  void begin();
  void on_stream(std::uint64_t attempt, ApiResult<StreamInfo> info);
  void make_consumer(std::uint64_t attempt);
  void on_consumer(std::uint64_t attempt, ApiResult<ConsumerInfo> made);
  void on_arrival(Arrival arrival);
  void on_event(const LinkEvent& event);
  void tick(std::uint64_t run);

  void take_stock(const StreamInfo& info);
  void ask_for_the_last();
  [[nodiscard]] bool is_this_stream(const StreamInfo& info);
  void go_live();
  void begin_anew(std::string_view why, LogLevel level = LogLevel::info);
  void end_attempt();

  const std::shared_ptr<RegistryCore> core_;
  const std::string inbox_;  // "_INBOX.<unique>.": the attempt follows

  std::mutex mutex_;  // guards is_closed_ and subscription_
  bool is_closed_ = false;
  std::unique_ptr<Handle> subscription_;
  std::unique_ptr<Handle> listening_;

  // Of the scheduler alone.
  std::vector<std::shared_ptr<Watch>> watches_;
  std::uint64_t run_ = 0;  // a watch after none is another run
  bool is_running_ = false;
  std::uint64_t attempt_ = 0;
  bool is_attempting_ = false;
  bool is_live_ = false;
  std::string consumer_;       // "" until it is made
  std::uint64_t number_ = 0;   // of its last delivery
  std::uint64_t seen_ = 0;     // the last sequence of this attempt
  std::uint64_t highest_ = 0;  // of all attempts
  struct Look {
    std::uint64_t last = 0;  ///< the stream's last sequence then, as the leader said
    std::uint64_t seen = 0;  ///< ours then
  };
  std::optional<Look> look_;
  bool is_looking_ = false;
  Clock::time_point heard_{};     // from the consumer
  Clock::time_point answered_{};  // by the leader
  Clock::time_point next_look_{};
  Clock::time_point next_begin_{};
  std::chrono::milliseconds pause_;
  std::string told_;  // why it began anew last; "" once it was live
  std::map<std::string, Registry::Entry, std::less<>> present_;
};

}  // namespace aether::nats
