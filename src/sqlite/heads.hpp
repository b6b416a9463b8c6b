// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/chain_hash.hpp"
#include "aether/core/version.hpp"
#include "store/recent_cache.hpp"

#include <cstdint>

namespace aether::sqlite {

/// What the next event of an actor builds on.
struct Head {
  std::int64_t actor = 0;  ///< the actor's number in the database; 0: it has none yet
  Version version = 0;
  Hash hash{};
};

}  // namespace aether::sqlite
