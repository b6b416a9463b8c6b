// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"
#include "console.hpp"
#include "table.hpp"

#include <optional>
#include <string>

namespace aether::cli {

/// An event as one line of JSON: its envelope with `"position"` and, where there is an audit chain,
/// `"hash"` after it. The data stay byte for byte as they are stored, but for line breaks between
/// tokens, which become spaces: a line must be one event. With `for_terminal`, what a terminal
/// would obey is escaped as JSON does it.
[[nodiscard]] std::string event_line(const StoredEvent& event, bool for_terminal);

/// "2026-08-20T10:11:12.123Z": for people, to the millisecond.
[[nodiscard]] std::string short_time(Timestamp time);

/// Prints events, of one actor or of all, as a table or as lines of JSON.
class EventPrinter {
 public:
  enum class Of { one_actor, all_actors };

  EventPrinter(Console& console, Of what);

  void print(const StoredEvent& event);

  /// So that what was printed is seen now.
  void flush();

  /// Says so where there was nothing.
  void finish();

  /// False: standard output takes no more.
  [[nodiscard]] bool usable() const { return console_.out().usable(); }

 private:
  Console& console_;
  Of what_;
  Table table_;
};

}  // namespace aether::cli
