// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <csignal>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aether::cli {

/// What the program ends with. Scripts depend on these numbers: see docs/cli.md.
enum class ExitCode : std::uint8_t {
  ok = 0,
  failure = 1,
  usage = 2,  ///< also invalid arguments and what is too large
  not_found = 3,
  version_conflict = 4,
  unavailable = 5,  ///< or the outcome is unknown
  permission_denied = 6,
  integrity = 7,  ///< `verify` or `doctor` found something, or stored bytes are corrupt
  unsupported = 8,
  interrupted = 128 + SIGINT,
  terminated = 128 + SIGTERM,
};

[[nodiscard]] ExitCode exit_code_of(Errc code);

/// As a shell reports it: 128 + `signal`.
[[nodiscard]] ExitCode exit_code_of_signal(int signal);

/// Why a verb failed, as it is told to the user.
struct Failure {
  // Implicit, so that an Error of the library passes through a verb by `return std::unexpected`.
  Failure(Error cause) : error(std::move(cause)) {}

  Error error;
  std::string_view kind{};  ///< in place of the error's code, where that says too little
  std::string advice;       ///< what to do, where the message does not say; or ""
  std::optional<std::uint64_t> line{};  ///< of the input
};

/// What a verb ends with.
using Outcome = std::expected<ExitCode, Failure>;

}  // namespace aether::cli
