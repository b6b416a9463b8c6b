// SPDX-License-Identifier: Apache-2.0
#include "exit_code.hpp"

namespace aether::cli {

ExitCode exit_code_of(Errc code) {
  switch (code) {
    case Errc::version_conflict:
      return ExitCode::version_conflict;
    case Errc::invalid_argument:
    case Errc::too_large:
      return ExitCode::usage;
    case Errc::not_found:
      return ExitCode::not_found;
    case Errc::unsupported:
      return ExitCode::unsupported;
    case Errc::permission_denied:
      return ExitCode::permission_denied;
    case Errc::unavailable:
    case Errc::outcome_unknown:
      return ExitCode::unavailable;
    case Errc::corrupt:
      return ExitCode::integrity;
    case Errc::closed:
      break;
  }
  return ExitCode::failure;
}

ExitCode exit_code_of_signal(int signal) {
  return signal == SIGINT ? ExitCode::interrupted : ExitCode::terminated;
}

}  // namespace aether::cli
