// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/names.hpp"
#include "aether/core/time.hpp"
#include "aether/nats/connection.hpp"
#include "aether/store/limits.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aether::nats {

enum class Verdict : std::uint8_t {
  ok,
  note,     ///< it works; but one should know, or could do better
  problem,  ///< events may be lost or refused, or the store does not work
};
/// "ok", "note", "problem".
[[nodiscard]] std::string_view to_string(Verdict verdict);

/// One thing that was looked at.
struct Check {
  std::string what{};  ///< a word or two that do not change: "server", "retention", "clock"
  Verdict verdict = Verdict::ok;
  std::string found{};   ///< how it is
  std::string advice{};  ///< what to do about it; "" where there is nothing to do

  friend bool operator==(const Check&, const Check&) = default;
};

struct Examination {
  std::vector<Check> checks{};

  /// The worst.
  [[nodiscard]] Verdict verdict() const;
};

struct ExamineOptions {
  Limits limits{};  ///< of the programs that will append

  /// What GET /varz gives at the servers' monitoring ports, as far as it is known: only there do
  /// servers say whether they wait for their disks.
  std::vector<std::string> monitoring{};

  std::chrono::milliseconds timeout{5'000};  ///< of each question
  const Clock* clock = nullptr;              ///< compared with the server's; null: the system's
};

/// Looks whether a namespace's store in JetStream is in good health, and as safe as it could be:
/// the server's version, the stream's settings and replicas, what retention will remove next, how
/// full it is, clocks, and the rights of the connection's user.
///
/// Changes nothing. Whether the user may append is found out by a message that no stream stores,
/// for it names another one as the one that it is for; whether he may delete, only where the server
/// tells the user's rights (from 2.10 on): nobody should try.
///
/// What is not as it should be is a check's verdict. Errors: `unavailable` and `closed`, if the
/// server cannot be asked at all.
[[nodiscard]] Result<Examination> examine(Connection& connection, const Namespace& ns,
                                          const ExamineOptions& options = {});

}  // namespace aether::nats
