// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/event.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aether::bench {

inline constexpr std::size_t kActors = 1'000;

/// "order-100", "order-101", …
[[nodiscard]] std::vector<std::string> actor_ids(std::size_t count = kActors);

/// Makes an event the way an application does: its JSON is written from values. `n` varies them.
/// Without an id and a timestamp: the store gives both.
using EventMaker = Event (*)(std::string_view actor_id, Version version, std::uint64_t n);

/// `{"total":99.99,"currency":"USD"}`; with id and time, 190 bytes as an envelope.
[[nodiscard]] Event order_placed(std::string_view actor_id, Version version, std::uint64_t n);

/// Four fields, one of them an array of two objects; 153 bytes of data.
[[nodiscard]] Event nested_order(std::string_view actor_id, Version version, std::uint64_t n);

/// Data of exactly 200 bytes of JSON: what the durable rows store.
[[nodiscard]] Event order_of_200_bytes(std::string_view actor_id, Version version, std::uint64_t n);

/// The event whole: with the id and timestamp that a store would have given.
[[nodiscard]] Event completed(Event event);

}  // namespace aether::bench
