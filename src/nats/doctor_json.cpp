// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "nats/api_json.hpp"
#include "nats/doctor_facts.hpp"
#include "nats/json_fields.hpp"

#include <algorithm>

namespace aether::nats {

namespace {

using Object = simdjson::dom::object;
using json::field;

std::vector<std::string> texts_in(const Object& object, std::string_view name) {
  std::vector<std::string> texts;
  const auto array = field<simdjson::dom::array>(object, name);
  if (!array) return texts;
  for (const simdjson::dom::element element : *array) {
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) texts.emplace_back(text);
  }
  return texts;
}

/// Whether a subject is one of those that `pattern`, with '*' and '>', stands for.
bool matches(std::string_view pattern, std::string_view subject) {
  while (true) {
    const std::string_view wanted = pattern.substr(0, pattern.find('.'));
    const std::string_view token = subject.substr(0, subject.find('.'));
    if (wanted == ">") return !subject.empty();
    if (wanted != "*" && wanted != token) return false;
    const bool is_end = wanted.size() == pattern.size();
    if (is_end || token.size() == subject.size()) return is_end && token.size() == subject.size();
    pattern.remove_prefix(wanted.size() + 1);
    subject.remove_prefix(token.size() + 1);
  }
}

}  // namespace

bool UserRights::may_publish(std::string_view subject) const {
  const auto covers = [&](const std::string& pattern) { return matches(pattern, subject); };
  if (!is_limited) return true;
  if (std::ranges::any_of(denied, covers)) return false;
  return allowed.empty() || std::ranges::any_of(allowed, covers);
}

ApiResult<AccountInfo> parse_account(std::string_view json) {
  const auto level = parse_level(json);  // an error, if it is one
  if (!level) return std::unexpected(level.error());
  simdjson::dom::parser parser;
  Object object;
  AccountInfo account{.level = *level};
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) return account;
  account.storage = field<std::int64_t>(object, "storage").value_or(0);
  account.memory = field<std::int64_t>(object, "memory").value_or(0);
  if (const auto limits = field<Object>(object, "limits")) {
    account.max_storage = field<std::int64_t>(*limits, "max_storage").value_or(-1);
    account.max_memory = field<std::int64_t>(*limits, "max_memory").value_or(-1);
  }
  return account;
}

Result<UserRights> parse_user_rights(std::string_view json) {
  simdjson::dom::parser parser;
  Object object;
  if (parser.parse(json.data(), json.size()).get(object) == simdjson::SUCCESS) {
    if (const auto data = field<Object>(object, "data")) {
      UserRights rights;
      const auto permissions = field<Object>(*data, "permissions");
      const auto publish = permissions ? field<Object>(*permissions, "publish") : std::nullopt;
      if (!publish) return rights;
      rights.is_limited = true;
      rights.allowed = texts_in(*publish, "allow");
      rights.denied = texts_in(*publish, "deny");
      return rights;
    }
  }
  return fail(Errc::corrupt, concat("the server's answer is not as it should be: ", quoted(json)));
}

Result<ServerSync> parse_server_sync(std::string_view json) {
  simdjson::dom::parser parser;
  Object object;
  if (parser.parse(json.data(), json.size()).get(object) == simdjson::SUCCESS) {
    const auto name = field<std::string_view>(object, "server_name");
    const auto jetstream = field<Object>(object, "jetstream");
    const auto config = jetstream ? field<Object>(*jetstream, "config") : std::nullopt;
    if (name && config) {
      return ServerSync{.name = std::string(*name),
                        .always = field<bool>(*config, "sync_always").value_or(false),
                        .interval = std::chrono::nanoseconds(
                            field<std::int64_t>(*config, "sync_interval").value_or(0))};
    }
    if (name) return ServerSync{.name = std::string(*name)};  // it has no JetStream
  }
  return fail(
      Errc::invalid_argument,
      concat("what was got from a monitoring port is no /varz of nats-server: ", quoted(json)));
}

}  // namespace aether::nats
