// SPDX-License-Identifier: Apache-2.0
#include "nats/greeting.hpp"

#include "core/text.hpp"

#include <netdb.h>
#include <poll.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace aether::nats {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxGreetingBytes = std::size_t{64} * 1024;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::unexpected<Error> unreachable(const ServerAddress& address, std::string_view why) {
  return fail(Errc::unavailable,
              concat("No NATS server answers at ", address.url(), ": ", why, "."));
}

std::string text_of(int error) { return std::generic_category().message(error); }

Result<Addresses> resolve(const ServerAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int failed = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) {
    return unreachable(address, concat("the host cannot be resolved (", gai_strerror(failed), ")"));
  }
  return Addresses(found);
}

class Socket {
 public:
  explicit Socket(const addrinfo& target)
      : number_(socket(target.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (number_ >= 0) close(number_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Each gives 0 or an errno.
  [[nodiscard]] int connect_to(const addrinfo& target, SteadyTime deadline) const {
    if (number_ < 0) return errno;
    if (connect(number_, target.ai_addr, target.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (const int error = wait_for(POLLOUT, deadline); error != 0) return error;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(number_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }

  [[nodiscard]] int read_line(std::string& line, SteadyTime deadline) const {
    std::array<char, 4096> part{};
    while (!line.contains('\n')) {
      const ssize_t count = recv(number_, part.data(), part.size(), 0);
      if (count == 0) return ECONNRESET;
      if (count < 0 && errno != EAGAIN && errno != EINTR) return errno;
      if (count > 0) line.append(part.data(), static_cast<std::size_t>(count));
      if (line.size() > kMaxGreetingBytes) return EMSGSIZE;
      if (count > 0) continue;
      if (const int error = wait_for(POLLIN, deadline); error != 0) return error;
    }
    line.resize(line.find('\n'));
    return 0;
  }

 private:
  [[nodiscard]] int wait_for(short event, SteadyTime deadline) const {
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return ETIMEDOUT;
      pollfd wanted{.fd = number_, .events = event, .revents = 0};
      const int count = poll(&wanted, 1, static_cast<int>(left.count()));
      if (count > 0) return 0;
      if (count < 0 && errno != EINTR) return errno;
    }
  }

  int number_;
};

}  // namespace

Result<Greeting> greet(const ServerAddress& address, std::chrono::milliseconds timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  auto addresses = resolve(address);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  int error = 0;
  for (const addrinfo* target = addresses->get(); target != nullptr; target = target->ai_next) {
    const Socket socket(*target);
    error = socket.connect_to(*target, deadline);
    if (error != 0) continue;
    std::string line;
    error = socket.read_line(line, deadline);
    if (error == 0) return parse_greeting(address, line);
    if (error == ETIMEDOUT) {
      return unreachable(address,
                         "it took the connection and says nothing; it may hang, or want "
                         "TLS before all else (handshake_first), which is not supported");
    }
  }
  return unreachable(address, text_of(error));
}

Result<Greeting> parse_greeting(const ServerAddress& address, std::string_view line) {
  constexpr std::string_view kInfo = "INFO ";
  simdjson::dom::parser parser;
  simdjson::dom::object info;
  if (!line.starts_with(kInfo) ||
      parser.parse(simdjson::padded_string(line.substr(kInfo.size()))).get_object().get(info) !=
          simdjson::SUCCESS) {
    return unreachable(address,
                       "another kind of server listens there, or one that wants TLS at once");
  }
  const auto text = [&info](std::string_view key) {
    std::string_view value;
    return info[key].get_string().get(value) == simdjson::SUCCESS ? std::string(value) : "";
  };
  const auto flag = [&info](std::string_view key) {
    bool value = false;
    return info[key].get_bool().get(value) == simdjson::SUCCESS && value;
  };
  Greeting greeting{.id = text("server_id"),
                    .name = text("server_name"),
                    .version = text("version"),
                    .needs_tls = flag("tls_required"),
                    .needs_client_certificate = flag("tls_verify")};
  if (info["max_payload"].get_int64().get(greeting.max_payload) != simdjson::SUCCESS) {
    return unreachable(address, "its greeting names no largest message, so it is no NATS server");
  }
  return greeting;
}

}  // namespace aether::nats
