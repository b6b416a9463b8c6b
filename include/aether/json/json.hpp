// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/data.hpp"
#include "aether/core/error.hpp"
#include "aether/store/replay.hpp"

#include <nlohmann/json.hpp>

#include <exception>
#include <string>
#include <string_view>

/// User structs and nlohmann values to and from `Data`. A struct becomes JSON by nlohmann's own
/// means: `NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderPlaced, total, currency)`.
///
/// nlohmann reads numbers as 64-bit integers or doubles: `0.10` decodes to the double 0.1. The
/// stored text is never touched; read it with `Data::text` where every digit counts.
namespace aether::json {

/// `invalid_argument`: a string that is not UTF-8, or what the type's own conversion threw.
template <class T>
[[nodiscard]] Result<Data> encode(const T& value) try {
  return Data::json(nlohmann::json(value).dump());
} catch (const std::exception& error) {
  return fail(Errc::invalid_argument, std::string("cannot write as JSON: ") + error.what());
}

/// `invalid_argument`: not JSON, or not of T's form; the message is nlohmann's.
template <class T>
[[nodiscard]] Result<T> decode(const Data& data) try {
  if (!data.is_json()) {
    return fail(Errc::invalid_argument,
                "the data is " + std::string(data.content_type()) + ", not JSON");
  }
  return nlohmann::json::parse(data.text()).template get<T>();
} catch (const std::exception& error) {
  return fail(Errc::invalid_argument, std::string("cannot read the JSON data: ") + error.what());
}

/// Keeps a state in snapshots as JSON. Change `schema` whenever the struct's form changes.
template <class State>
[[nodiscard]] SnapshotCodec<State> snapshot_codec(std::string_view schema) {
  return {.schema = std::string(schema),
          .encode = [](const State& state) { return encode(state); },
          .decode = [](const Data& data) { return decode<State>(data); }};
}

}  // namespace aether::json
