// SPDX-License-Identifier: Apache-2.0
#include "aether/core/error.hpp"

namespace aether {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::version_conflict:
      return "version_conflict";
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::not_found:
      return "not_found";
    case Errc::unsupported:
      return "unsupported";
    case Errc::too_large:
      return "too_large";
    case Errc::permission_denied:
      return "permission_denied";
    case Errc::unavailable:
      return "unavailable";
    case Errc::outcome_unknown:
      return "outcome_unknown";
    case Errc::corrupt:
      return "corrupt";
    case Errc::closed:
      return "closed";
  }
  return "unknown";  // a number that was cast to Errc
}

}  // namespace aether
