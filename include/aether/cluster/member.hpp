// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace aether {

/// What a node tells the others of itself.
struct Node {
  std::string id;         ///< tokens of `[A-Za-z0-9_-]` joined by "."
  std::string address{};  ///< where it is reached, in words of its own
  std::map<std::string, std::string> labels{};
  double load = 0;  ///< in a unit of its own

  friend bool operator==(const Node&, const Node&) = default;
};

enum class MemberState { up, leaving };

/// A shard that its owner, at `epoch`, has finished with.
struct ReleasedShard {
  std::uint32_t shard = 0;
  std::uint64_t epoch = 0;

  friend bool operator==(const ReleasedShard&, const ReleasedShard&) = default;
};

/// A node that is there.
struct Member {
  Node node{};
  MemberState state = MemberState::up;
  std::vector<ReleasedShard> released{};
  std::string tenure{};        ///< another one each time that the node joins
  std::uint64_t revision = 0;  ///< of its record, which grows with each renewal

  friend bool operator==(const Member&, const Member&) = default;
};

struct MemberEvent {
  enum class Kind {
    joined,   ///< it is there, with a new tenure, or heard of again
    updated,  ///< its address, labels, load, state or released shards are others
    left,     ///< it said so
    /// Its lease has run out, as far as can be seen: it crashed, hangs, or does not reach the
    /// registry. A suspicion: a renewal may be late to be seen, and then `joined` follows.
    expired,
  };

  Kind kind = Kind::joined;
  Member member{};
};

}  // namespace aether
