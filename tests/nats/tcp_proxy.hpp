// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/loopback.hpp"
#include "nats/server_frames.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aether::tests {

/// Stands on 127.0.0.1 between clients and a NATS server, and does to their connections what
/// networks do. Without commands it only passes on.
///
/// A command has taken effect when it returns. Members may be called from any thread. Not for TLS,
/// and not for a cluster: its servers tell clients the way round it.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t server_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_.number(); }
  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port()); }

  /// Loses, from now on, each frame of the server for which `rule` holds. It is called on the
  /// proxy's thread. An empty one loses nothing.
  void swallow(FrameRule rule);
  [[nodiscard]] std::size_t swallowed() const { return swallowed_; }
  /// Says, from now on, what `edit` gives in place of the server's messages for which it gives
  /// something. It is called on the proxy's thread. An empty one changes nothing.
  void replace(FrameEdit edit);
  [[nodiscard]] std::size_t replaced() const { return replaced_; }

  /// Resets all connections. New ones are welcome.
  void cut();
  /// Nothing passes in either direction, nor do connections end; those who connect hear nothing.
  void stall();
  /// What was held back arrives.
  void resume();
  /// Sends a line to all clients, as if their server had: "-ERR 'Unknown Protocol Operation'".
  void say(const std::string& line);

 private:
  struct Pipe {
    int client = -1;
    int server = -1;
    std::string to_client{};
    std::string to_server{};
    ServerFrames frames{};
    bool is_ending = false;  // one side has hung up: the other gets the rest first
  };

  void run();
  /// Runs `command` on the proxy's thread and returns after it.
  void order(std::function<void()> command);
  void obey();
  void accept_client();
  void serve(Pipe& pipe, short client_events, short server_events);
  static void hang_up(Pipe& pipe, bool with_reset);

  HeldPort port_;
  const std::uint16_t server_port_;
  int listener_ = -1;
  int bell_ = -1;  // an eventfd: there is an order
  std::atomic<std::size_t> swallowed_{0};
  std::atomic<std::size_t> replaced_{0};

  std::mutex mutex_;  // guards the orders
  std::condition_variable obeyed_;
  std::vector<std::function<void()>> orders_;
  std::size_t ordered_ = 0;
  std::size_t done_ = 0;

  // Of the thread alone.
  std::list<Pipe> pipes_;
  FrameRules rules_;
  bool is_stalled_ = false;
  bool is_over_ = false;

  std::thread thread_;  // the last member: uses all others
};

}  // namespace aether::tests
