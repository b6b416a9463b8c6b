// SPDX-License-Identifier: Apache-2.0
#include "event_printer.hpp"

#include "aether/core/envelope.hpp"
#include "text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace aether::cli {
namespace {

std::vector<Column> columns_of(EventPrinter::Of what) {
  constexpr auto kRight = Column::Align::right;
  std::vector<Column> columns{{.title = "POSITION", .align = kRight}};
  if (what == EventPrinter::Of::all_actors) columns.push_back({.title = "ACTOR"});
  columns.push_back({.title = "VERSION", .align = kRight});
  columns.push_back({.title = "TIME"});
  columns.push_back({.title = "TYPE"});
  columns.push_back({.title = "DATA"});
  return columns;
}

}  // namespace

std::string event_line(const StoredEvent& event, bool for_terminal) {
  std::string line = encode_envelope(event);
  line.pop_back();  // the closing brace
  line += R"(,"position":)" + std::to_string(as_stored(event.position));
  if (event.hash != Hash{}) line += R"(,"hash":")" + to_hex(event.hash) + '"';
  line += '}';
  if (for_terminal) return escape_json(line);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

std::string short_time(Timestamp time) {
  std::string text = format_timestamp(time);
  constexpr std::size_t kDroppedDigits = 6;  // of the nine, before the "Z"
  return text.erase(text.size() - 1 - kDroppedDigits, kDroppedDigits);
}

EventPrinter::EventPrinter(Console& console, Of what)
    : console_(console), what_(what), table_(console.out(), console.style(), columns_of(what)) {}

void EventPrinter::print(const StoredEvent& event) {
  if (console_.json()) {
    console_.out().write(event_line(event, console_.style().width > 0) + "\n");
    return;
  }
  std::vector<std::string> cells{std::to_string(as_stored(event.position))};
  if (what_ == Of::all_actors) cells.push_back(escape(event.actor_id));
  cells.push_back(std::to_string(as_stored(event.version)));
  cells.push_back(short_time(event.timestamp));
  cells.push_back(escape(event.event_type));
  cells.push_back(describe(event.data));
  table_.add(std::move(cells));
}

void EventPrinter::flush() {
  table_.settle();
  console_.out().flush();
}

void EventPrinter::finish() {
  table_.settle();
  if (!console_.json() && table_.rows() == 0) console_.say("No events.");
}

}  // namespace aether::cli
