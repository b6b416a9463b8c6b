// SPDX-License-Identifier: Apache-2.0
#include "nats/server_frames.hpp"

#include <charconv>
#include <optional>

namespace aether::tests {
namespace {

constexpr std::string_view kEnd = "\r\n";

struct Found {
  ServerFrame frame;
  std::size_t size;  // on the wire
};

// "MSG subject sid [reply] size" and "HMSG subject sid [reply] header-size size": the size is last.
std::optional<Found> first_frame(std::string_view bytes) {
  const std::size_t line_size = bytes.find(kEnd);
  if (line_size == std::string_view::npos) return std::nullopt;
  const std::string_view line = bytes.substr(0, line_size);
  const std::size_t head = line_size + kEnd.size();
  if (!line.starts_with("MSG ") && !line.starts_with("HMSG ")) {
    return Found{.frame = {.subject = "", .content = line}, .size = head};
  }
  const std::size_t subject = line.find(' ') + 1;
  std::size_t size = 0;
  std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), size);
  if (bytes.size() < head + size + kEnd.size()) return std::nullopt;
  return Found{.frame = {.subject = line.substr(subject, line.find(' ', subject) - subject),
                         .content = bytes.substr(head, size)},
               .size = head + size + kEnd.size()};
}

}  // namespace

std::size_t ServerFrames::pass(std::string_view bytes, const FrameRule& is_dropped,
                               std::string& out) {
  unfinished_ += bytes;
  std::string_view rest = unfinished_;
  std::size_t dropped = 0;
  while (const auto found = first_frame(rest)) {
    if (is_dropped && is_dropped(found->frame)) {
      ++dropped;
    } else {
      out += rest.substr(0, found->size);
    }
    rest.remove_prefix(found->size);
  }
  unfinished_.erase(0, unfinished_.size() - rest.size());
  return dropped;
}

}  // namespace aether::tests
