// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/filter.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aether {

/// One of `count` shares of all actors: several projectors do one projection's work, and each
/// actor's events stay in order, because they all belong to one share.
struct Partition {
  std::uint32_t index = 0;  ///< from 0 to `count` - 1
  std::uint32_t count = 1;  ///< 1: all actors

  [[nodiscard]] bool contains(std::string_view actor_id) const;

  friend bool operator==(const Partition&, const Partition&) = default;
};

/// Which of `count` partitions an actor belongs to: the 64-bit FNV-1a hash of its id's bytes,
/// modulo `count`. The same for ever, in every process.
[[nodiscard]] std::uint32_t partition_of(std::string_view actor_id, std::uint32_t count);

/// What is projected: which events, into what.
///
/// Each has a checkpoint of its own. Its filter and its partitions are kept with the checkpoint: a
/// projection that comes back with others would lack events that were passed over, and is refused.
struct Projection {
  std::string name{};  ///< "orders"; 1 to 100 bytes
  Filter filter{};     ///< events that do not match are passed over
  Partition partition{};

  friend bool operator==(const Projection&, const Projection&) = default;
};

/// `invalid_argument`: the name is empty, too long or holds a control character; the partition's
/// index is not below its count.
[[nodiscard]] Result<void> check_projection(const Projection& projection);

/// What a checkpoint is kept under: the name, and of several partitions "name:index/count".
[[nodiscard]] std::string projection_key(const Projection& projection);

/// The events that it sees, as one line of text: "all", or "category=order type=Placed,Shipped";
/// each name as a subject token (core/names.hpp).
[[nodiscard]] std::string format_filter(const Filter& filter);

/// The inverse. `invalid_argument`: not such a line.
[[nodiscard]] Result<Filter> parse_filter(std::string_view text);

}  // namespace aether
