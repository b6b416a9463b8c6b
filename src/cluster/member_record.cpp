// SPDX-License-Identifier: Apache-2.0
#include "cluster/member_record.hpp"

#include "core/json_scan.hpp"
#include "core/text.hpp"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace aether {

namespace {

using JsonArray = simdjson::dom::array;
using JsonObject = simdjson::dom::object;

std::string number_text(double number) {
  char digits[32];
  auto* const end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  return std::string(&digits[0], end);
}

bool read_labels(const JsonObject& object, Node& node) {
  JsonObject labels;
  if (object["labels"].get(labels) != simdjson::SUCCESS) return false;
  for (const auto field : labels) {
    std::string_view value;
    if (field.value.get(value) != simdjson::SUCCESS) return false;
    node.labels.insert_or_assign(std::string(field.key), std::string(value));
  }
  return true;
}

bool read_released(const JsonObject& object, std::vector<ReleasedShard>& released) {
  JsonArray list;
  if (object["released"].get(list) != simdjson::SUCCESS) return false;
  for (const auto one : list) {
    JsonArray pair;
    std::uint64_t shard = 0;
    std::uint64_t epoch = 0;
    if (one.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
        pair.at(0).get(shard) != simdjson::SUCCESS || pair.at(1).get(epoch) != simdjson::SUCCESS ||
        shard > std::numeric_limits<std::uint32_t>::max()) {
      return false;
    }
    released.push_back({.shard = static_cast<std::uint32_t>(shard), .epoch = epoch});
  }
  return true;
}

}  // namespace

std::string format_member(const Member& member) {
  std::string text = R"({"address":)";
  append_json_string(text, member.node.address);
  text += R"(,"labels":{)";
  std::string_view before;
  for (const auto& [name, value] : member.node.labels) {
    text += before;
    append_json_string(text, name);
    text += ':';
    append_json_string(text, value);
    before = ",";
  }
  const std::string_view state = member.state == MemberState::up ? "up" : "leaving";
  text += concat(R"(},"load":)", number_text(member.node.load), R"(,"state":")", state,
                 R"(","released":[)");
  before = "";
  for (const ReleasedShard& one : member.released) {
    text += concat(before, "[", one.shard, ",", one.epoch, "]");
    before = ",";
  }
  return text + "]}";
}

Result<Member> parse_member(std::string_view text) {
  simdjson::dom::parser parser;
  JsonObject object;
  Member member;
  std::string_view address;
  std::string_view state;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS ||
      object["address"].get(address) != simdjson::SUCCESS ||
      object["load"].get(member.node.load) != simdjson::SUCCESS ||
      object["state"].get(state) != simdjson::SUCCESS || (state != "up" && state != "leaving") ||
      !read_labels(object, member.node) || !read_released(object, member.released)) {
    return fail(Errc::corrupt, concat("it is no member's data: ", quoted(text)));
  }
  member.node.address = std::string(address);
  member.state = state == "up" ? MemberState::up : MemberState::leaving;
  return member;
}

Result<void> check_node(const Node& node) {
  const std::string data = format_member({.node = node});
  if (auto good = check_registry_entry(concat(kNodeKeys, node.id), data); !good) return good;
  if (!std::isfinite(node.load)) {
    return fail(Errc::invalid_argument,
                concat("the load of node ", quoted(node.id), " is no finite number"));
  }
  if (auto good = check_text("node's address", node.address); !good) return good;
  for (const auto& [name, value] : node.labels) {
    if (auto good = check_name("label's name", name); !good) return good;
    if (auto good = check_text("label's value", value); !good) return good;
  }
  return {};
}

}  // namespace aether
