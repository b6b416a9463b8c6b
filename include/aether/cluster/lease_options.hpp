// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"

#include <chrono>

namespace aether {

inline constexpr std::chrono::milliseconds kMinLeaseTtl{200};
inline constexpr std::chrono::milliseconds kMaxLeaseTtl{60'000};

/// How long leases last. All nodes of a cluster should have the same.
///
/// No two clocks need to show the same time. But over `ttl`, the clocks of two machines must run
/// apart by less than twice `clock_drift`: a holder stops that much early, by its own clock, and
/// the others wait that much longer, by theirs.
struct LeaseOptions {
  std::chrono::milliseconds ttl{3'000};  ///< a holder that crashed is replaced after about this
  std::chrono::milliseconds renew{750};  ///< how often a holder renews
  double clock_drift = 0.01;             ///< a clock may be wrong by one part in a hundred
  std::chrono::milliseconds margin{50};  ///< how long before its end a lease counts as lost

  /// Crashes are noticed in a second, at four renewals a second; a node that is held up for
  /// 700 ms loses what it holds.
  [[nodiscard]] static LeaseOptions fast();

  friend bool operator==(const LeaseOptions&, const LeaseOptions&) = default;
};

/// `invalid_argument` unless `ttl` is within the limits, `renew` at most a third of it,
/// `clock_drift` from 0 to below 0.5, and `margin` so short that there is time for two renewals.
[[nodiscard]] Result<void> check_lease_options(const LeaseOptions& options);

}  // namespace aether
