// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/cluster/lease_options.hpp"
#include "aether/cluster/registry.hpp"
#include "aether/core/log.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace aether {

class Candidate;
class Tenure;

/// The right to lead, for as long as it lasts. Destroying it resigns. May be used by any thread.
///
/// It can be lost at any moment, also between a look at `is_held` and what is done upon it. So it
/// saves work, and nothing must be wrong when two believe that they lead for a moment: let what is
/// written be refused by the store, on the version that the decision was made on, or on `epoch`.
class Leadership {
 public:
  Leadership() = default;  ///< one that is over
  ~Leadership() { resign(); }
  Leadership(Leadership&&) noexcept = default;
  Leadership& operator=(Leadership&& other) noexcept;

  /// Greater than that of each leadership before it: whoever has seen a greater one refuses this.
  [[nodiscard]] std::uint64_t epoch() const;

  /// Reads the clock: right after any pause, and when nothing is heard of the registry. Once
  /// false, it stays so.
  [[nodiscard]] bool is_held() const;

  /// Stops when it is lost, or resigned. Callbacks run on the election's scheduler (or within
  /// `resign`), and must not block.
  [[nodiscard]] std::stop_token lost() const;

  /// It is over when this returns. The others learn it soon after, or by waiting for a ttl.
  void resign();

 private:
  friend class Candidate;
  Leadership(std::shared_ptr<Tenure> tenure, std::weak_ptr<Candidate> candidate);

  std::shared_ptr<Tenure> tenure_;
  std::weak_ptr<Candidate> candidate_;
};

struct ElectionOptions {
  std::string id{};             ///< the candidate's, for people: what `leader` tells the others
  std::string name = "leader";  ///< the key in the registry: one leader for each
  LeaseOptions lease{};
  LogSink log{};
};

/// Chooses one leader among those who stand for it by the same registry and name. All members may
/// be called from any thread. Destroying it resigns.
class Election {
 public:
  using Elected = std::move_only_function<void(Result<Leadership> leadership)>;

  /// Begins to follow the registry; does not stand yet.
  ///
  /// Errors: `invalid_argument` for bad lease options, a name that is no key, an empty id.
  [[nodiscard]] static Result<std::unique_ptr<Election>> make(std::shared_ptr<Registry> registry,
                                                              std::shared_ptr<Scheduler> scheduler,
                                                              ElectionOptions options);
  ~Election();
  Election(const Election&) = delete;
  Election& operator=(const Election&) = delete;

  /// Waits until it is elected. Not on the scheduler's thread.
  ///
  /// Errors: `closed` when `stop` was asked for, `unavailable` when `timeout` is over (the message
  /// says what it waited for), `permission_denied` when the registry may not be written,
  /// `invalid_argument` when it leads or stands already.
  [[nodiscard]] Result<Leadership> acquire(std::stop_token stop = {},
                                           std::chrono::milliseconds timeout = kForever);

  /// The same without waiting. `elected` is called once, on the scheduler; it must not block.
  /// `cancel` ends it with `closed`.
  void acquire_async(Elected elected);
  void cancel();

  /// Who leads, as far as is known here: a hint.
  [[nodiscard]] std::optional<std::string> leader() const;

  /// What stands between this candidate and its leadership, for people: "node-b holds it; its
  /// lease runs out in 1.2 s unless it is renewed", "the registry does not answer".
  [[nodiscard]] std::string waiting_for() const;

  static constexpr std::chrono::milliseconds kForever = std::chrono::years(100);

 private:
  explicit Election(std::shared_ptr<Candidate> candidate);

  const std::shared_ptr<Candidate> candidate_;
};

}  // namespace aether
