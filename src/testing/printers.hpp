// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/event.hpp"
#include "aether/store/event_store.hpp"

#include <gtest/gtest-printers.h>

#include <ostream>
#include <type_traits>

// How GoogleTest shows our values where an expectation fails: it would print their bytes. It looks
// for PrintTo where the types are, so these are in `aether`.
// NOLINTBEGIN(readability-identifier-naming): the name is GoogleTest's
namespace aether {

/// "version_conflict: the message (actor "order-1", version 3)"
void PrintTo(const Error& error, std::ostream* out);

/// "order-1@3 OrderPlaced {"total":10}, id 01a2…"
void PrintTo(const Event& event, std::ostream* out);
void PrintTo(const StoredEvent& event, std::ostream* out);
void PrintTo(const EventPtr& event, std::ostream* out);

/// "version 3, position 7, fsynced, stored already"
void PrintTo(const Appended& appended, std::ostream* out);

void PrintTo(const Page& page, std::ostream* out);

/// "received 10, delivered 4, dropped 6, gaps 1"
void PrintTo(const Subscription::Counters& counters, std::ostream* out);

template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  if (!result) {
    PrintTo(result.error(), out);
  } else if constexpr (std::is_void_v<T>) {
    *out << "success";
  } else {
    *out << ::testing::PrintToString(*result);
  }
}

}  // namespace aether
// NOLINTEND(readability-identifier-naming)
