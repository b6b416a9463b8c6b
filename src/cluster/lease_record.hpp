// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace aether {

/// What stands under the key of a lease, as JSON:
/// `{"v":1,"holder":"node-a","tenure":"…","ttl_ms":3000,"count":7,"data":{…}}`.
struct LeaseRecord {
  std::string holder{};             ///< empty: nobody
  std::string tenure{};             ///< of this holder's time from acquiring to losing it
  std::chrono::milliseconds ttl{};  ///< from 0 to kMaxLeaseTtl: a longer one counts as that
  std::uint64_t count = 0;          ///< another with each put of a tenure
  std::string data{};               ///< the holder's JSON object; empty: none

  friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};

[[nodiscard]] std::string format_lease(const LeaseRecord& record);

/// `corrupt` for what `format_lease` cannot have made, or what another version of it has.
[[nodiscard]] Result<LeaseRecord> parse_lease(std::string_view text);

}  // namespace aether
