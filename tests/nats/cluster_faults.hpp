// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/nats/connection.hpp"
#include "nats/load.hpp"
#include "nats/nats_cluster.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace aether::tests {

/// What happens to the server that leads the stream.
enum class Fault {
  killed,     ///< with -9; it is started again once others have taken over
  stopped,    ///< with SIGSTOP; it goes on once others have taken over, and does not know of it
  restarted,  ///< killed with -9, and started again at once
  paused,     ///< stopped for a second, in which nobody takes over
};
inline constexpr std::size_t kFaultKinds = 4;
[[nodiscard]] std::string_view name_of(Fault fault);

/// Does that to the leader of one stream, whoever that is at the time.
class LeaderFaults {
 public:
  LeaderFaults(NatsCluster& cluster, std::shared_ptr<nats::Connection> control, std::string stream,
               std::uint64_t seed);

  struct Done {
    Fault fault;
    Time begun;
  };

  /// Under `load`; returns when all servers are up to date again and about `appends` more were
  /// acknowledged. Throws std::runtime_error when that does not come true.
  Done inflict(Fault fault, const Load& load, std::size_t appends);

 private:
  [[nodiscard]] nlohmann::json group();
  [[nodiscard]] NatsServer& leader();
  void wait_until_whole();
  void wait_for_appends(const Load& load, Time since);
  void let_more_be_appended(const Load& load, std::size_t appends);

  NatsCluster& cluster_;
  std::shared_ptr<nats::Connection> control_;
  const std::string stream_;
  std::mt19937_64 random_;
};

/// Whether each of the servers, made the leader in turn, has the same messages of `stream`; else a
/// sentence about the first difference.
[[nodiscard]] std::string compare_replicas(nats::Connection& connection, const std::string& stream);

/// How long writing paused, for each kind of fault: from the fault to the first acknowledgement of
/// an append that was begun after it; and the longest time without any acknowledgement from then
/// until the next fault, or until all ended at `end`.
void report_pauses(std::ostream& out, const std::vector<LeaderFaults::Done>& faults, Time end,
                   std::vector<LoadRecord::Ack> acks);

}  // namespace aether::tests
