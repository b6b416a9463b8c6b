// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace aether::tests {

/// What a NATS server sends at a time: a message, or a line (INFO, PING, PONG, +OK, -ERR).
struct ServerFrame {
  std::string_view subject;  ///< "" for a line
  std::string_view content;  ///< a message's headers and data; a line without its end
};
using FrameRule = std::function<bool(const ServerFrame&)>;

/// Takes what a server sends apart, however it was cut into packets. Not for TLS.
class ServerFrames {
 public:
  /// Adds `bytes`, and appends to `out` each frame that is whole by now and for which `is_dropped`
  /// does not hold. Gives the number of those that were dropped.
  std::size_t pass(std::string_view bytes, const FrameRule& is_dropped, std::string& out);

 private:
  std::string unfinished_;
};

}  // namespace aether::tests
