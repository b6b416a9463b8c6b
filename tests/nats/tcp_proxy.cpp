// SPDX-License-Identifier: Apache-2.0
#include "nats/tcp_proxy.hpp"

#include "nats/loopback.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace aether::tests {
namespace {

// What a pipe holds for one side before it reads no more from the other.
constexpr std::size_t kMostHeld = std::size_t{4} * 1024 * 1024;

int listen_on(std::uint16_t port) {
  constexpr int kBacklog = 64;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  const sockaddr_in address = loopback(port);
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, kBacklog) != 0) {
    throw std::runtime_error("the proxy cannot listen on 127.0.0.1");
  }
  return listener;
}

int connect_to(std::uint16_t port) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return server;
  }
  close(server);
  return -1;
}

// Small pieces must not wait for each other: the proxy shall not change what is measured.
void send_at_once(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// False: the other side has hung up.
bool read_into(int socket, std::string& bytes) {
  std::array<char, 65'536> part{};
  const ssize_t count = recv(socket, part.data(), part.size(), MSG_DONTWAIT);
  if (count > 0) bytes.append(part.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

bool write_from(int socket, std::string& bytes) {
  if (bytes.empty()) return true;
  const ssize_t count = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count > 0) bytes.erase(0, static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

short wanted(const std::string& to_send, const std::string& to_other, bool is_ending) {
  const int read = !is_ending && to_other.size() < kMostHeld ? POLLIN : 0;
  return static_cast<short>(read | (to_send.empty() ? 0 : POLLOUT));
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t server_port)
    : server_port_(server_port),
      listener_(listen_on(port())),
      bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

TcpProxy::~TcpProxy() {
  order([this] { is_over_ = true; });
  thread_.join();
  for (Pipe& pipe : pipes_) hang_up(pipe, false);
  close(listener_);
  close(bell_);
}

void TcpProxy::swallow(FrameRule rule) {
  order([&] { rules_.is_dropped = std::move(rule); });
}

void TcpProxy::replace(FrameEdit edit) {
  order([&] { rules_.edit = std::move(edit); });
}

void TcpProxy::cut() {
  order([this] {
    for (Pipe& pipe : pipes_) hang_up(pipe, true);
    pipes_.clear();
  });
}

void TcpProxy::stall() {
  order([this] { is_stalled_ = true; });
}

void TcpProxy::resume() {
  order([this] { is_stalled_ = false; });
}

void TcpProxy::say(const std::string& line) {
  order([&] {
    // Between two frames: only whole ones are ever held for the client.
    for (Pipe& pipe : pipes_) pipe.to_client += line + "\r\n";
  });
}

void TcpProxy::order(std::function<void()> command) {
  std::unique_lock lock(mutex_);
  orders_.push_back(std::move(command));
  const std::size_t number = ++ordered_;
  eventfd_write(bell_, 1);
  obeyed_.wait(lock, [&] { return done_ >= number; });
}

void TcpProxy::obey() {
  eventfd_t count = 0;
  eventfd_read(bell_, &count);
  const std::scoped_lock lock(mutex_);
  for (const auto& command : orders_) command();
  done_ += orders_.size();
  orders_.clear();
  obeyed_.notify_all();
}

void TcpProxy::run() {
  std::vector<pollfd> wants;
  while (!is_over_) {
    wants = {{.fd = bell_, .events = POLLIN, .revents = 0},
             {.fd = listener_, .events = POLLIN, .revents = 0}};
    for (const Pipe& pipe : pipes_) {
      // A negative number is passed over: stalled, not even a hang-up is noticed.
      const auto at = [&](int socket) { return is_stalled_ ? -1 : socket; };
      wants.push_back({.fd = at(pipe.client),
                       .events = wanted(pipe.to_client, pipe.to_server, pipe.is_ending),
                       .revents = 0});
      wants.push_back({.fd = at(pipe.server),
                       .events = wanted(pipe.to_server, pipe.to_client, pipe.is_ending),
                       .revents = 0});
    }
    if (poll(wants.data(), wants.size(), -1) < 0) continue;
    std::size_t next = 2;
    for (Pipe& pipe : pipes_) {
      serve(pipe, wants[next].revents, wants[next + 1].revents);
      next += 2;
    }
    std::erase_if(pipes_, [](const Pipe& pipe) { return pipe.client < 0; });
    if (wants[1].revents != 0) accept_client();
    if (wants[0].revents != 0) obey();
  }
}

void TcpProxy::accept_client() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = connect_to(server_port_);
  if (server < 0) {
    close(client);
    return;
  }
  send_at_once(client);
  send_at_once(server);
  pipes_.push_back({.client = client, .server = server});
}

void TcpProxy::serve(Pipe& pipe, short client_events, short server_events) {
  constexpr int kReadable = POLLIN | POLLHUP | POLLERR;
  if (client_events == 0 && server_events == 0) return;
  bool is_open = true;
  if ((client_events & kReadable) != 0 && !pipe.is_ending) {
    is_open = read_into(pipe.client, pipe.to_server);
  }
  if ((server_events & kReadable) != 0 && !pipe.is_ending) {
    std::string bytes;
    is_open = read_into(pipe.server, bytes) && is_open;
    const auto passed = pipe.frames.pass(bytes, rules_, pipe.to_client);
    swallowed_ += passed.dropped;
    replaced_ += passed.edited;
  }
  pipe.is_ending = pipe.is_ending || !is_open;
  const bool client_takes = write_from(pipe.client, pipe.to_client);
  const bool server_takes = write_from(pipe.server, pipe.to_server);
  const bool is_done = pipe.to_client.empty() && pipe.to_server.empty();
  if (!client_takes || !server_takes || (pipe.is_ending && is_done)) hang_up(pipe, false);
}

void TcpProxy::hang_up(Pipe& pipe, bool with_reset) {
  for (int* socket : {&pipe.client, &pipe.server}) {
    if (*socket < 0) continue;
    const linger at_once{.l_onoff = with_reset ? 1 : 0, .l_linger = 0};
    if (with_reset) setsockopt(*socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(std::exchange(*socket, -1));
  }
}

}  // namespace aether::tests
