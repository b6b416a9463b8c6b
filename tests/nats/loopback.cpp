// SPDX-License-Identifier: Apache-2.0
#include "nats/loopback.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace aether::tests {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

HeldPort::HeldPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  // Servers set SO_REUSEADDR too; where both do, they may share a port on which one listens.
  if (setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port on 127.0.0.1");
  }
  number_ = ntohs(address.sin_port);
}

HeldPort::~HeldPort() { close(socket_); }

std::optional<Connection> Connection::to(std::uint16_t port, std::chrono::seconds patience) {
  Connection connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval wait{.tv_sec = patience.count(), .tv_usec = 0};
  setsockopt(connection.socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  const sockaddr_in address = loopback(port);
  if (connect(connection.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    return std::nullopt;
  }
  return connection;
}

Connection::~Connection() {
  if (socket_ >= 0) close(socket_);
}

Connection::Connection(Connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}

void Connection::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;  // what should have been answered will not be
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

bool Connection::read_more() {
  std::array<char, 4096> buffer{};
  const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  unread_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> Connection::read_line() {
  constexpr std::string_view kEnd = "\r\n";
  std::size_t end = 0;
  while ((end = unread_.find(kEnd)) == std::string::npos) {
    if (!read_more()) return std::nullopt;
  }
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + kEnd.size());
  return line;
}

std::string Connection::read_rest() {
  while (read_more()) {
  }
  return std::exchange(unread_, {});
}

std::optional<std::string> http_get(std::uint16_t port, const std::string& path) {
  auto connection = Connection::to(port);
  if (!connection) return std::nullopt;
  connection->write("GET " + path + " HTTP/1.0\r\n\r\n");
  const auto status = connection->read_line();
  if (!status || !status->contains(" 200 ")) return std::nullopt;
  for (auto header = connection->read_line(); header != ""; header = connection->read_line()) {
    if (!header) return std::nullopt;
  }
  return connection->read_rest();
}

}  // namespace aether::tests
