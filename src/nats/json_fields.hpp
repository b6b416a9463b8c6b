// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/time.hpp"

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

// What is in an object that a server sent: a field that is not there, or not of its type, is none.
namespace aether::nats::json {

template <class T>
std::optional<T> field(const simdjson::dom::object& object, std::string_view name) {
  T value{};
  if (object[name].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

inline std::string text_field(const simdjson::dom::object& object, std::string_view name,
                              std::string_view otherwise) {
  return std::string(field<std::string_view>(object, name).value_or(otherwise));
}

inline Timestamp time_field(const simdjson::dom::object& object, std::string_view name) {
  const auto text = field<std::string_view>(object, name);
  if (!text) return kNoTimestamp;
  return parse_timestamp(*text).value_or(kNoTimestamp);  // the year 1 says that there is none
}

}  // namespace aether::nats::json
