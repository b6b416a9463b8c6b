// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/election.hpp"
#include "cluster/lease.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace aether {

/// What stands behind an election. It lives on the scheduler; members may be called from any
/// thread where nothing else is said.
class Candidate : public std::enable_shared_from_this<Candidate> {
 public:
  Candidate(std::shared_ptr<Registry> registry, std::shared_ptr<Scheduler> scheduler,
            ElectionOptions options);

  void begin();
  void close();

  /// Gives a number to cancel it by.
  std::uint64_t stand(Election::Elected elected);
  /// Ends what stands with `closed`; 0: whichever it is.
  void cancel(std::uint64_t number = 0);
  /// The leader has ended its tenure.
  void resigned();

  [[nodiscard]] std::optional<std::string> leader() const;
  [[nodiscard]] std::string waiting_for() const { return lease_->waiting_for(); }

 private:
  template <class Task>
  void post(Task task);

  // On the scheduler.
  void acquired(const std::shared_ptr<Tenure>& tenure);
  void end_with(const Error& error);
  void look();

  const std::shared_ptr<Registry> registry_;
  const std::shared_ptr<Scheduler> scheduler_;
  const ElectionOptions options_;
  std::shared_ptr<Lease> lease_;
  std::atomic<std::uint64_t> numbers_{0};
  // On the scheduler.
  Election::Elected elected_;  // empty: it does not stand
  std::uint64_t number_ = 0;

  mutable std::mutex mutex_;  // guards all below
  std::optional<std::string> leader_;
  std::shared_ptr<Tenure> tenure_;  // the last one
  std::unique_ptr<Registry::WatchHandle> watch_;
};

}  // namespace aether
