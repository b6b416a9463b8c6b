// SPDX-License-Identifier: Apache-2.0
#include "testing/printers.hpp"

#include "aether/core/time.hpp"
#include "core/text.hpp"

namespace aether {

namespace {

constexpr std::size_t kMostBytes = 200;  // of data; a failure need not show a mebibyte

}  // namespace

void PrintTo(const Error& error, std::ostream* out) {
  *out << to_string(error.code) << ": " << error.message;
  if (!error.actor_id.empty()) *out << " (actor " << quoted(error.actor_id) << ")";
  if (error.actor_version != 0) *out << " (version " << error.actor_version << ")";
  if (error.position != 0) *out << " (position " << error.position << ")";
}

void PrintTo(const Event& event, std::ostream* out) {
  *out << event.actor_id << '@' << event.version << ' ' << event.event_type << ' ';
  if (event.data.is_json()) {
    *out << event.data.text().substr(0, kMostBytes);
    if (event.data.size() > kMostBytes) *out << "…";
  } else {
    *out << '(' << event.data.size() << " bytes of " << event.data.content_type() << ')';
  }
  *out << ", id " << (event.id.empty() ? "none" : event.id);
  if (event.timestamp != kNoTimestamp) *out << ", at " << format_timestamp(event.timestamp);
  for (const auto& [key, value] : event.metadata) {
    *out << ", " << quoted(key) << '=' << quoted(value);
  }
}

void PrintTo(const StoredEvent& event, std::ostream* out) {
  PrintTo(static_cast<const Event&>(event), out);
  *out << ", position " << event.position;
  if (event.hash != Hash{}) *out << ", hash " << to_hex(event.hash);
}

void PrintTo(const EventPtr& event, std::ostream* out) {
  if (event) {
    PrintTo(*event, out);
  } else {
    *out << "no event";
  }
}

void PrintTo(const Appended& appended, std::ostream* out) {
  *out << "version " << appended.version << ", position " << appended.position << ", "
       << to_string(appended.durability);
  if (appended.stored_already) *out << ", stored already";
}

void PrintTo(const Page& page, std::ostream* out) {
  *out << ::testing::PrintToString(page.events) << ", then on after position " << page.next;
}

void PrintTo(const Subscription::Counters& counters, std::ostream* out) {
  *out << "received " << counters.received << ", delivered " << counters.delivered << ", dropped "
       << counters.dropped << ", gaps " << counters.gaps;
}

}  // namespace aether
