// SPDX-License-Identifier: Apache-2.0
#include "aether/projection/projection.hpp"

#include "aether/core/names.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace aether {

namespace {

constexpr std::size_t kMaxProjectionName = 100;

void append_list(std::string& out, std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  if (!out.empty()) out += ' ';
  out += key;
  char before = '=';
  for (const std::string& value : values) {
    out += before;
    out += to_subject_token(value);
    before = ',';
  }
}

std::vector<std::string> one(const std::string& value) {
  return value.empty() ? std::vector<std::string>{} : std::vector<std::string>{value};
}

/// What stands before the first `separator`, taken off the front of `text` with it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return front;
}

}  // namespace

std::uint32_t partition_of(std::string_view actor_id, std::uint32_t count) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  constexpr std::uint64_t kPrime = 0x00000100000001b3;
  std::uint64_t hash = kBasis;
  for (const char c : actor_id) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return count == 0 ? 0 : static_cast<std::uint32_t>(hash % count);
}

bool Partition::contains(std::string_view actor_id) const {
  return count <= 1 || partition_of(actor_id, count) == index;
}

Result<void> check_projection(const Projection& projection) {
  if (auto ok = check_name("projection's name", projection.name, kMaxProjectionName); !ok) {
    return ok;
  }
  const Partition partition = projection.partition;
  if (partition.index < partition.count) return {};
  return fail(Errc::invalid_argument,
              concat("the projection ", quoted(projection.name), " has no partition ",
                     partition.index, " of ", partition.count, ": they are numbered from 0"));
}

std::string projection_key(const Projection& projection) {
  const Partition partition = projection.partition;
  if (partition.count <= 1) return projection.name;
  return concat(projection.name, ":", partition.index, "/", partition.count);
}

std::string format_filter(const Filter& filter) {
  std::string text;
  append_list(text, "actor", one(filter.actor_id));
  append_list(text, "category", one(filter.category));
  std::vector<std::string> types = filter.event_types;  // in one order, and none twice
  std::ranges::sort(types);
  types.erase(std::ranges::unique(types).begin(), types.end());
  append_list(text, "type", types);
  return text.empty() ? "all" : text;
}

Result<Filter> parse_filter(std::string_view text) {
  Filter filter;
  if (text == "all") return filter;
  const auto wrong = [text] {
    return fail(Errc::invalid_argument, concat(quoted(text), " is no filter of a projection"));
  };
  if (text.empty()) return wrong();
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view values = take(rest, ' ');
    const std::string_view key = take(values, '=');
    if (values.empty()) return wrong();
    while (!values.empty()) {
      auto value = from_subject_token(take(values, ','));
      if (!value || value->empty()) return wrong();
      if (key == "type") {
        filter.event_types.push_back(std::move(*value));
      } else if (key == "actor" && filter.actor_id.empty()) {
        filter.actor_id = std::move(*value);
      } else if (key == "category" && filter.category.empty()) {
        filter.category = std::move(*value);
      } else {
        return wrong();
      }
    }
  }
  return filter;
}

}  // namespace aether
