// SPDX-License-Identifier: Apache-2.0
#include "aether/core/chain_hash.hpp"
#include "aether/core/names.hpp"
#include "aether/projection/checkpoints.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <string>
#include <utility>

namespace aether {

namespace {

constexpr std::string_view kFirstLine = "aether-checkpoint 1";

/// An error's text may hold anything, and the line that it stands in ends at a line feed.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return line;
}

/// Reads a text from its front. Remembers whether everything was as expected.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::string_view line() { return take('\n'); }
  std::string_view word() { return take(' '); }
  std::string_view rest() { return std::exchange(rest_, {}); }
  void expect(bool holds) { good_ = good_ && holds; }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

  void expect_word(std::string_view expected) { expect(word() == expected); }

  template <std::unsigned_integral Integer>
  Integer number() {
    const std::string_view digits = word();
    Integer value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    expect(code == std::errc() && end == digits.data() + digits.size() && !digits.empty());
    return value;
  }

  std::string name() {
    const std::string_view token = word();
    if (token == "=") return {};
    auto name = from_subject_token(token);
    expect(name.has_value());
    return name ? std::move(*name) : std::string();
  }

 private:
  std::string_view take(char end) {
    const std::size_t found = rest_.find(end);
    expect(found != std::string_view::npos || end == ' ');
    const std::string_view front = rest_.substr(0, found);
    rest_ = found == std::string_view::npos ? std::string_view() : rest_.substr(found + 1);
    return front;
  }

  std::string_view rest_;
  bool good_ = true;
};

std::string parked_line(const ParkedEvent& parked) {
  return concat("parked ", parked.position, " ", to_subject_token(parked.actor_id), " ",
                parked.version, " ", to_subject_token(parked.event_id), " ",
                to_subject_token(parked.event_type), " ", parked.attempts, " ",
                format_timestamp(parked.parked_at), " ", on_one_line(parked.error), "\n");
}

ParkedEvent read_parked(Scanner& line) {
  ParkedEvent parked;
  line.expect_word("parked");
  parked.position = line.number<Position>();
  parked.actor_id = line.name();
  parked.version = line.number<Version>();
  parked.event_id = line.name();
  parked.event_type = line.name();
  parked.attempts = line.number<unsigned>();
  const auto at = parse_timestamp(line.word());
  line.expect(at.has_value());
  if (at) parked.parked_at = *at;
  parked.error = line.rest();
  return parked;
}

}  // namespace

std::string format_checkpoint(const CheckpointRecord& record) {
  const Checkpoint& at = record.checkpoint;
  std::string text = concat(kFirstLine, "\nfilter ", record.filter, "\npartitions ",
                            record.partitions, "\nposition ", at.position, "\nevent ",
                            at.event_position, " ", to_subject_token(at.event_id), "\n");
  for (const ParkedEvent& parked : record.parked) text += parked_line(parked);
  return concat(text, "sha256 ", to_hex(sha256(text)), "\n");
}

Result<CheckpointRecord> parse_checkpoint(std::string_view text) {
  if (!text.starts_with(kFirstLine)) {
    return fail(Errc::corrupt, concat("it is no checkpoint: it begins with ",
                                      quoted(text.substr(0, kFirstLine.size()))));
  }
  constexpr std::string_view kSum = "sha256 ";
  const std::size_t sum_at = text.rfind(kSum);
  if (sum_at == std::string_view::npos ||
      text.substr(sum_at) != concat(kSum, to_hex(sha256(text.substr(0, sum_at))), "\n")) {
    return fail(Errc::corrupt, "the checkpoint is cut off or was changed: its SHA-256 is wrong");
  }
  CheckpointRecord record;
  Scanner lines(text.substr(0, sum_at));
  lines.expect(lines.line() == kFirstLine);
  Scanner filter(lines.line());
  filter.expect_word("filter");
  record.filter = filter.rest();
  Scanner partitions(lines.line());
  partitions.expect_word("partitions");
  record.partitions = partitions.number<std::uint32_t>();
  Scanner position(lines.line());
  position.expect_word("position");
  record.checkpoint.position = position.number<Position>();
  Scanner event(lines.line());
  event.expect_word("event");
  record.checkpoint.event_position = event.number<Position>();
  record.checkpoint.event_id = event.name();
  bool good = lines.good() && filter.good() && partitions.good() && position.good() && event.good();
  while (good && !lines.empty()) {
    Scanner line(lines.line());
    record.parked.push_back(read_parked(line));
    good = lines.good() && line.good();
  }
  if (good) return record;
  return fail(Errc::corrupt, "the checkpoint is not as this version writes it");
}

}  // namespace aether
