// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/membership.hpp"

#include <string>
#include <string_view>

namespace aether {

/// What the keys of nodes begin with.
inline constexpr std::string_view kNodeKeys = "node.";

/// What goes with a node's lease, as JSON: `{"address":"…","labels":{…},"load":0.5,"state":"up",
/// "released":[[12,345],…]}`.
[[nodiscard]] std::string format_member(const Member& member);

/// Sets all but the id, the tenure and the revision. `corrupt` for what `format_member` cannot
/// have made.
[[nodiscard]] Result<Member> parse_member(std::string_view text);

/// `invalid_argument` for what no record can say.
[[nodiscard]] Result<void> check_node(const Node& node);

}  // namespace aether
