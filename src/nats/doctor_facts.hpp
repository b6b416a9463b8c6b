// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/doctor.hpp"
#include "nats/api.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {

/// What JetStream says of the account.
struct AccountInfo {
  ApiLevel level = 0;
  std::int64_t storage = 0;       ///< bytes in files
  std::int64_t max_storage = -1;  ///< none where not above 0
  std::int64_t memory = 0;
  std::int64_t max_memory = -1;
};

/// What a user may publish to, as the server lists it.
struct UserRights {
  bool is_limited = false;  ///< else everything
  std::vector<std::string> allowed{};
  std::vector<std::string> denied{};

  [[nodiscard]] bool may_publish(std::string_view subject) const;
};

/// How a server treats its disk.
struct ServerSync {
  std::string name{};
  bool always = false;
  std::chrono::nanoseconds interval{0};  ///< 0: it does not say, and takes two minutes
};

/// How far the server's clock is ahead of ours. The truth is within `uncertainty`: half of how long
/// the answer took.
struct ClockReading {
  std::chrono::nanoseconds ahead{};
  std::chrono::nanoseconds uncertainty{};
};

/// All that is known when it comes to the verdicts.
struct Facts {
  ServerInfo server{};
  std::int64_t max_payload = 0;
  ApiResult<AccountInfo> account{};
  ApiResult<StreamInfo> events{};
  ApiResult<StreamInfo> snapshots{};
  std::optional<ClockReading> clock{};
  std::vector<std::string> denied{};          ///< subjects that a store has to send to
  std::optional<Result<void>> append{};       ///< whether it may; not asked without a stream
  bool hears = true;                          ///< of appends
  std::optional<UserRights> rights{};         ///< none where the server does not tell
  std::vector<Result<ServerSync>> servers{};  ///< as far as their monitoring was asked
  Limits limits{};
  Timestamp now = kNoTimestamp;  ///< the server's, or ours
};

[[nodiscard]] Result<Facts> gather_facts(Connection& connection, const Namespace& ns,
                                         const ExamineOptions& options);
[[nodiscard]] std::vector<Check> judge(const Facts& facts, const Namespace& ns);

[[nodiscard]] ApiResult<AccountInfo> parse_account(std::string_view json);
[[nodiscard]] Result<UserRights> parse_user_rights(std::string_view json);
[[nodiscard]] Result<ServerSync> parse_server_sync(std::string_view json);

}  // namespace aether::nats
