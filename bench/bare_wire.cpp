// SPDX-License-Identifier: Apache-2.0
#include "bare_wire.hpp"

#include "bare_jetstream.hpp"
#include "made_events.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace aether::bench {
namespace {

constexpr std::uint64_t kAtOnce = 16'384;  // messages between two looks at the clock
constexpr std::size_t kWriteBytes = 64 * 1024;
constexpr int kPatienceMs = 20'000;

/// A connection to a server, and what was not yet written to it or read from it.
class Wire {
 public:
  explicit Wire(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_good_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    out_ =
        "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true,\"protocol\":1}\r\n"
        "SUB _INBOX.wire.* 1\r\n";
  }
  ~Wire() { ::close(socket_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  [[nodiscard]] bool is_good() const { return is_good_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] bool has_room() const { return out_.size() < kWriteBytes; }
  std::string& out() { return out_; }

  /// Writes and reads what goes at once; waits where neither does.
  void move_bytes() {
    pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
    if (!out_.empty()) poll.events |= POLLOUT;
    if (::poll(&poll, 1, kPatienceMs) <= 0) is_good_ = false;
    if ((poll.revents & POLLOUT) != 0) {
      const auto sent = ::send(socket_, out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
    }
    if ((poll.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      std::array<char, 32 * 1024> buffer;  // NOLINT(*-member-init): written by recv
      const auto got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got <= 0) is_good_ = false;
      if (got > 0) in_.append(buffer.data(), static_cast<std::size_t>(got));
      take_lines();
    }
  }

 private:
  /// "MSG <subject> <sid> <bytes>", and so many bytes; other lines say how the server is.
  void take_lines() {
    std::string_view rest = in_;
    for (;;) {
      const auto end = rest.find("\r\n");
      if (end == std::string_view::npos) break;
      const std::string_view line = rest.substr(0, end);
      std::size_t used = end + 2;
      if (line.starts_with("MSG ")) {
        std::size_t bytes = 0;
        std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), bytes);
        if (rest.size() < used + bytes + 2) break;
        const std::string_view answer = rest.substr(used, bytes);
        if (answer.find("\"seq\":") == std::string_view::npos) is_good_ = false;
        ++acknowledged_;
        used += bytes + 2;
      } else if (line == "PING") {
        out_ += "PONG\r\n";
      } else if (line.starts_with("-ERR") || line.starts_with("HMSG")) {
        is_good_ = false;  // a complaint, or "no responders"
      }
      rest.remove_prefix(used);
    }
    in_.erase(0, in_.size() - rest.size());
  }

  int socket_;
  bool is_good_ = false;
  std::string out_;
  std::string in_;
  std::uint64_t acknowledged_ = 0;
};

/// What a store sends, its headers and body with the same number of bytes.
class Messages {
 public:
  explicit Messages(const FreshStream& stream) {
    for (const auto& id : actor_ids()) subjects_.push_back(stream.subject_of(id));
    headers_ =
        "NATS/1.0\r\nAether-Format: 1\r\nAether-Version: 1\r\nAether-Count: 1\r\n"
        "Aether-Hash: " +
        std::string(64, 'a') + "\r\nNats-Expected-Stream: " + stream.name() +
        "\r\nNats-Expected-Last-Subject-Sequence: ";
  }

  void add_to(std::string& out) {
    const std::uint64_t expected = made_ < subjects_.size() ? 0 : made_ - subjects_.size() + 1;
    const std::string number = std::to_string(expected);
    const std::size_t header_bytes = headers_.size() + number.size() + 4;
    out += "HPUB ";
    out += subjects_[made_ % subjects_.size()];
    out += " _INBOX.wire.1 ";
    out += std::to_string(header_bytes);
    out += ' ';
    out += std::to_string(header_bytes + body_.size());
    out += "\r\n";
    out += headers_;
    out += number;
    out += "\r\n\r\n";
    out += body_;
    out += "\r\n";
    ++made_;
  }
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  const std::string body_ = envelope_of_200_bytes();
  std::string headers_;
  std::vector<std::string> subjects_;
  std::uint64_t made_ = 0;
};

bool publish(Wire& wire, Messages& messages, std::uint64_t count) {
  const std::uint64_t end = messages.made() + count;
  while (wire.is_good() && wire.acknowledged() < end) {
    while (messages.made() < end && wire.has_room() &&
           messages.made() - wire.acknowledged() < kReferenceWindow) {
      messages.add_to(wire.out());
    }
    wire.move_bytes();
  }
  return wire.is_good();
}

}  // namespace

Probe wire_appends(JetStreamServerPtr server) {
  return [server = std::move(server)](const Budget& budget) -> Result<Sample> {
    const auto stream = FreshStream::make(*server);
    if (!stream) return std::unexpected(stream.error());
    Wire wire(server->port());
    Messages messages(**stream);
    bool good = publish(wire, messages, kActors);
    Meter meter(budget);
    while (good && meter.wants_more()) {
      meter.time(kAtOnce, [&] { good = publish(wire, messages, kAtOnce); });
    }
    if (!good) return fail(Errc::unavailable, "the server did not take all messages");
    return meter.sample();
  };
}

}  // namespace aether::bench
