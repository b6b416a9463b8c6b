// SPDX-License-Identifier: Apache-2.0
#include "nats/server_frames.hpp"

#include <charconv>
#include <optional>
#include <string>

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

// The line of `frame` without its first word and its sizes, and what it is to carry instead.
std::string with_content(std::string_view frame, const ServerMessage& content) {
  std::string_view line = frame.substr(0, frame.find(kEnd));
  const bool has_headers = line.starts_with("HMSG ");
  line.remove_prefix(line.find(' '));
  for (int sizes = has_headers ? 2 : 1; sizes > 0; --sizes) line = line.substr(0, line.rfind(' '));
  std::string text = content.headers.empty() ? "MSG" : "HMSG";
  text += line;
  if (!content.headers.empty()) text += " " + std::to_string(content.headers.size());
  text += " " + std::to_string(content.headers.size() + content.data.size());
  return text.append(kEnd).append(content.headers).append(content.data).append(kEnd);
}

}  // namespace

ServerFrames::Passed ServerFrames::pass(std::string_view bytes, const FrameRules& rules,
                                        std::string& out) {
  unfinished_ += bytes;
  std::string_view rest = unfinished_;
  Passed passed;
  while (const auto found = first_frame(rest)) {
    const std::string_view whole = rest.substr(0, found->size);
    rest.remove_prefix(found->size);
    if (rules.is_dropped && rules.is_dropped(found->frame)) {
      ++passed.dropped;
      continue;
    }
    const bool is_message = !found->frame.subject.empty();
    const auto other = is_message && rules.edit ? rules.edit(found->frame) : std::nullopt;
    if (other) {
      ++passed.edited;
      out += with_content(whole, *other);
    } else {
      out += whole;
    }
  }
  unfinished_.erase(0, unfinished_.size() - rest.size());
  return passed;
}

}  // namespace aether::tests
