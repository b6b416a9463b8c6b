// SPDX-License-Identifier: Apache-2.0
#include "aether/store/durability.hpp"

#include <utility>

namespace aether {

std::string to_string(Durability durability) {
  switch (durability.kind()) {
    case Durability::Kind::memory:
      return "memory";
    case Durability::Kind::os_buffered:
      return "os_buffered";
    case Durability::Kind::fsynced:
      return "fsynced";
    case Durability::Kind::replicated:
      return "replicated(" + std::to_string(durability.replicas()) + ")";
  }
  std::unreachable();
}

}  // namespace aether
