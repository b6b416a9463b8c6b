// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/api.hpp"

#include <string_view>

namespace aether::nats {

// What JetStream answers, in JSON. A reply with an `error` becomes that; one that is not as it
// should be is `corrupt`. Unknown fields are ignored: newer servers have more.

[[nodiscard]] ApiResult<ApiLevel> parse_level(std::string_view json);
[[nodiscard]] ApiResult<StreamInfo> parse_stream_info(std::string_view json);
[[nodiscard]] ApiResult<ConsumerInfo> parse_consumer(std::string_view json);
[[nodiscard]] ApiResult<Stored> parse_stored(std::string_view json);
/// Nothing where the server says that there is no such message.
[[nodiscard]] ApiResult<StreamApi::Found> parse_message(std::string_view json);

}  // namespace aether::nats
