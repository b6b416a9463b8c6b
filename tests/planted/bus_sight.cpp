// SPDX-License-Identifier: Apache-2.0
#include "planted/bus_sight.hpp"

#include "aether/core/names.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace aether::planted {

namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lowered;
}

bool matches(BusBug bug, const NamespacePattern& pattern, const Namespace& ns) {
  if (pattern.matches(ns)) return true;
  if (bug == "namespaces_by_prefix") {
    return pattern.is_literal() && ns.text().starts_with(pattern.text());
  }
  if (bug == "namespaces_fold_case") return lower(pattern.text()) == lower(ns.text());
  if (bug == "angle_sees_itself") {
    return pattern.text().ends_with(">") && pattern.matches(*Namespace::parse(ns.text() + ".x"));
  }
  if (bug == "star_sees_deeper" && pattern.text().ends_with("*")) {
    std::string_view rest = ns.text();
    while (rest.contains('.')) {
      rest = rest.substr(0, rest.rfind('.'));
      if (pattern.matches(*Namespace::parse(rest))) return true;
    }
  }
  return false;
}

bool passes(BusBug bug, const Filter& filter, const Event& event) {
  if (bug == "category_by_prefix" && !filter.category.empty()) {
    return event.actor_id.starts_with(filter.category);
  }
  if (bug == "event_types_ignored") {
    return Filter{.actor_id = filter.actor_id, .category = filter.category}.matches(event);
  }
  if (bug == "actor_ids_fold_case" && lower(filter.actor_id) == lower(event.actor_id)) return true;
  if (bug == "filter_needs_any" && !filter.actor_id.empty()) {
    return event.actor_id == filter.actor_id ||
           std::ranges::count(filter.event_types, event.event_type) > 0;
  }
  return filter.matches(event);
}

}  // namespace

bool sees(BusBug bug, const NamespacePattern& pattern, const Filter& filter, const Namespace& ns,
          const Event& event) {
  return matches(bug, pattern, ns) && passes(bug, filter, event);
}

}  // namespace aether::planted
