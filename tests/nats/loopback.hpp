// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aether::tests {

/// The address of `port` of 127.0.0.1.
[[nodiscard]] sockaddr_in loopback(std::uint16_t port);

/// A TCP port of 127.0.0.1 that is kept for a server from before its first start until after its
/// last. It is held by a bound socket that does not listen: beside that a server can listen, again
/// and again, while the kernel gives the port to nobody who asks for any port.
class HeldPort {
 public:
  HeldPort();
  ~HeldPort();
  HeldPort(const HeldPort&) = delete;
  HeldPort& operator=(const HeldPort&) = delete;

  [[nodiscard]] std::uint16_t number() const { return number_; }

 private:
  int socket_ = -1;
  std::uint16_t number_ = 0;
};

/// A TCP connection to a server of this machine.
class Connection {
 public:
  /// Nothing if nobody listens there.
  /// What reads from it waits for `patience` at most.
  [[nodiscard]] static std::optional<Connection> to(
      std::uint16_t port, std::chrono::seconds patience = std::chrono::seconds(20));
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void write(std::string_view bytes) const;
  /// The next line, without its end; nothing if none came.
  [[nodiscard]] std::optional<std::string> read_line();
  /// All that comes until the server closes.
  [[nodiscard]] std::string read_rest();

 private:
  explicit Connection(int socket) : socket_(socket) {}
  bool read_more();

  int socket_;
  std::string unread_;
};

/// What the server's monitoring at `port` says to GET `path`; nothing unless with status 200.
[[nodiscard]] std::optional<std::string> http_get(std::uint16_t port, const std::string& path);

}  // namespace aether::tests
