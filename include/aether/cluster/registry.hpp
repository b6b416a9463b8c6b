// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/scheduler.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aether {

inline constexpr std::size_t kMaxRegistryKeyBytes = 255;
inline constexpr std::size_t kMaxRegistryValueBytes = 64 * 1024;

/// Keys with values and revisions, kept by one linearizable store: what the nodes of a cluster
/// agree through. All members may be called from any thread at any time.
///
/// A key is tokens of `[A-Za-z0-9_-]` joined by ".". Completions and watchers are called on any
/// thread, never within the call that started them; they must not block, and may call the registry.
/// Each completion is called once, when the outcome is known or about `timeout` after the call.
class Registry {
 public:
  struct Entry {
    std::string key;
    std::string value;           ///< empty: it was removed
    std::uint64_t revision = 0;  ///< grows with each put, over all keys

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  struct Watcher {
    std::function<void(const Entry& entry)> on_entry;
    std::function<void(bool live)> on_live;
  };

  /// Ends the watch when it goes. Once that is over, nothing is called; a call that runs is waited
  /// for, unless the handle goes within it.
  class WatchHandle {
   public:
    virtual ~WatchHandle() = default;
  };

  using PutDone = std::move_only_function<void(Result<std::uint64_t> revision)>;
  using GetDone = std::move_only_function<void(Result<std::optional<Entry>> entry)>;

  virtual ~Registry() = default;

  /// Sets the value, if the key's revision is `expected` (0: it was never set). Gives the new one.
  ///
  /// Errors: `version_conflict` (it has another revision), `unavailable` (it was not done),
  /// `outcome_unknown` (it may have been done, or may still be: should it arrive late, it changes
  /// nothing unless the revision is `expected` even then), `permission_denied`,
  /// `invalid_argument` for a bad key or a value above `kMaxRegistryValueBytes`.
  virtual void put(std::string_view key, std::string value, std::uint64_t expected,
                   std::chrono::milliseconds timeout, PutDone done) = 0;

  /// The newest value, as whoever decides on a put would see it; never from a copy that may be
  /// behind. None: the key was never set.
  ///
  /// Errors: `unavailable`, `permission_denied`, `invalid_argument` for a bad key.
  virtual void get(std::string_view key, std::chrono::milliseconds timeout, GetDone done) = 0;

  /// Follows all keys: first the present value of each, removed ones too, then `on_live(true)`;
  /// then each change, in the order of revisions, once it is certain. A value may be skipped when
  /// a newer one of its key follows, and may be an older one for a moment: the newer one follows.
  ///
  /// When what it has seen may be behind (the connection is lost, a message is missing, nothing is
  /// heard): `on_live(false)`. Then it begins anew, with the present values and `on_live(true)`.
  [[nodiscard]] virtual std::unique_ptr<WatchHandle> watch(Watcher watcher) = 0;
};

/// What every registry checks first: the key, and the value's size. Else `invalid_argument`.
[[nodiscard]] Result<void> check_registry_key(std::string_view key);
[[nodiscard]] Result<void> check_registry_entry(std::string_view key, std::string_view value);

/// A registry in memory, for the nodes of one process and for tests: with `testing::VirtualTime`
/// it does the same at each run. Completions and watchers are called on `scheduler`.
[[nodiscard]] std::shared_ptr<Registry> make_memory_registry(std::shared_ptr<Scheduler> scheduler);

}  // namespace aether
