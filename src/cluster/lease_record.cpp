// SPDX-License-Identifier: Apache-2.0
#include "cluster/lease_record.hpp"

#include "aether/cluster/lease_options.hpp"
#include "core/json_scan.hpp"
#include "core/text.hpp"

#include <simdjson.h>

#include <algorithm>

namespace aether {

namespace {

template <class T>
T take(const simdjson::dom::object& object, std::string_view name, bool& good) {
  T value{};
  if (object[name].get(value) != simdjson::SUCCESS) good = false;
  return value;
}

}  // namespace

std::string format_lease(const LeaseRecord& record) {
  std::string text = R"({"v":1,"holder":)";
  append_json_string(text, record.holder);
  text += R"(,"tenure":)";
  append_json_string(text, record.tenure);
  text += concat(R"(,"ttl_ms":)", record.ttl.count(), R"(,"count":)", record.count);
  if (!record.data.empty()) text += concat(R"(,"data":)", record.data);
  text += '}';
  return text;
}

Result<LeaseRecord> parse_lease(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS) {
    return fail(Errc::corrupt, concat("it is no JSON object: ", quoted(text)));
  }
  bool good = true;
  const auto version = take<std::uint64_t>(object, "v", good);
  const auto ttl = take<std::uint64_t>(object, "ttl_ms", good);
  LeaseRecord record;
  record.holder = std::string(take<std::string_view>(object, "holder", good));
  record.tenure = std::string(take<std::string_view>(object, "tenure", good));
  record.count = take<std::uint64_t>(object, "count", good);
  const auto most = static_cast<std::uint64_t>(kMaxLeaseTtl.count());
  record.ttl = std::chrono::milliseconds(std::min(ttl, most));
  simdjson::dom::object data;
  if (object["data"].get(data) == simdjson::SUCCESS) record.data = simdjson::minify(data);
  if (good && version == 1) return record;
  return fail(Errc::corrupt, concat("it is no lease that this version can read: ", quoted(text)));
}

}  // namespace aether
