// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace aether {

/// What an acknowledged event survives.
class Durability {
 public:
  enum class Kind : std::uint8_t {
    memory,       ///< nothing: it is gone with the process
    os_buffered,  ///< the end of the process, not of the machine
    fsynced,      ///< the end of the machine: it is on the disk
    replicated,   ///< the loss of a minority of `replicas` machines
  };

  static constexpr Durability memory() { return {Kind::memory, 1}; }
  static constexpr Durability os_buffered() { return {Kind::os_buffered, 1}; }
  static constexpr Durability fsynced() { return {Kind::fsynced, 1}; }
  static constexpr Durability replicated(unsigned replicas) { return {Kind::replicated, replicas}; }

  constexpr Durability() = default;

  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr unsigned replicas() const { return replicas_; }

  /// Whether this is at least `need`. Replication and fsync do not imply one another; both imply
  /// `os_buffered`.
  [[nodiscard]] constexpr bool satisfies(Durability need) const {
    if (need.kind_ == Kind::replicated) {
      return kind_ == Kind::replicated && replicas_ >= need.replicas_;
    }
    if (need.kind_ == Kind::fsynced) return kind_ == Kind::fsynced;
    return kind_ >= need.kind_;
  }

  friend constexpr bool operator==(const Durability&, const Durability&) = default;

 private:
  constexpr Durability(Kind kind, unsigned replicas) : kind_(kind), replicas_(replicas) {}

  Kind kind_ = Kind::memory;
  unsigned replicas_ = 1;
};

/// "memory", "os_buffered", "fsynced", "replicated(3)".
[[nodiscard]] std::string to_string(Durability durability);

}  // namespace aether
