// SPDX-License-Identifier: Apache-2.0
#include "aether/cluster/lease_options.hpp"

#include "cluster/lease_times.hpp"
#include "core/text.hpp"

#include <string>

namespace aether {

LeaseOptions LeaseOptions::fast() {
  return {.ttl = std::chrono::milliseconds(1'000),
          .renew = std::chrono::milliseconds(250),
          .clock_drift = 0.01,
          .margin = std::chrono::milliseconds(25)};
}

Result<void> check_lease_options(const LeaseOptions& options) {
  if (options.ttl < kMinLeaseTtl || options.ttl > kMaxLeaseTtl) {
    return fail(Errc::invalid_argument,
                concat("a lease cannot last ", options.ttl.count(), " ms: choose from ",
                       kMinLeaseTtl.count(), " to ", kMaxLeaseTtl.count()));
  }
  if (options.renew.count() < 1 || options.renew > options.ttl / 3) {
    return fail(Errc::invalid_argument,
                concat("a lease of ", options.ttl.count(), " ms cannot be renewed every ",
                       options.renew.count(), " ms: choose from 1 to ", options.ttl.count() / 3));
  }
  if (!(options.clock_drift >= 0 && options.clock_drift < 0.5)) {
    return fail(Errc::invalid_argument,
                concat("a clock drift of ", std::to_string(options.clock_drift),
                       " makes no lease: choose from 0 to below 0.5"));
  }
  const auto left = holders_time(options) - 2 * options.renew;
  if (options.margin.count() < 0 || left.count() <= 0) {
    return fail(Errc::invalid_argument,
                concat("a margin of ", options.margin.count(), " ms leaves a lease of ",
                       options.ttl.count(), " ms no time for two renewals: choose a smaller one, ",
                       "at least 0, or renew more often"));
  }
  return {};
}

}  // namespace aether
