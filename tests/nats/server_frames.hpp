// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aether::tests {

/// What a NATS server sends at a time: a message, or a line (INFO, PING, PONG, +OK, -ERR).
struct ServerFrame {
  std::string_view subject;  ///< "" for a line
  std::string_view content;  ///< a message's headers and data; a line without its end
};
using FrameRule = std::function<bool(const ServerFrame&)>;

/// What a client gets to see in place of a message.
struct ServerMessage {
  std::string headers{};  ///< "NATS/1.0 503\r\n\r\n"; "" for a message without
  std::string data{};
};
using FrameEdit = std::function<std::optional<ServerMessage>(const ServerFrame&)>;

/// What is done to the frames that pass. Where both hold, the frame is dropped.
struct FrameRules {
  FrameRule is_dropped{};
  FrameEdit edit{};  ///< of messages only
};

/// Takes what a server sends apart, however it was cut into packets. Not for TLS.
class ServerFrames {
 public:
  struct Passed {
    std::size_t dropped = 0;
    std::size_t edited = 0;
  };
  /// Adds `bytes`, and appends to `out` each frame that is whole by now, as the rules have it.
  Passed pass(std::string_view bytes, const FrameRules& rules, std::string& out);

 private:
  std::string unfinished_;
};

}  // namespace aether::tests
