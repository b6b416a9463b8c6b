// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/store/audit.hpp"
#include "core/chain_encoding.hpp"
#include "core/sha256.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aether {

inline constexpr std::string_view kDigestTag = "aether-digest-1";

struct IdHash : std::hash<std::string_view> {
  using is_transparent = void;
};
template <class T>
using ByActor = std::unordered_map<std::string, T, IdHash, std::equal_to<>>;

/// An actor's latest event, of those seen so far.
struct Head {
  Version version = 0;
  Hash hash{};
  Position position = 0;
};

/// What the events seen so far amount to.
class Heads {
 public:
  /// The head of the event's actor. Valid until the next call.
  Head& of(const StoredEvent& event) {
    if (const auto found = heads_.find(event.actor_id); found != heads_.end()) {
      return found->second;
    }
    return heads_[event.actor_id];
  }

  void passed(const StoredEvent& event) {
    position_ = event.position;
    version_ = event.version;
    actor_id_ = event.actor_id;
  }

  [[nodiscard]] std::uint64_t actors() const { return heads_.size(); }
  [[nodiscard]] Position position() const { return position_; }

  [[nodiscard]] Digest digest() const {
    std::vector<const ByActor<Head>::value_type*> sorted;
    sorted.reserve(heads_.size());
    for (const auto& head : heads_) sorted.push_back(&head);
    std::ranges::sort(sorted, {}, [](const auto* head) { return std::string_view(head->first); });
    Sha256 root;
    root.update(kDigestTag);
    std::string bytes;
    for (const auto* head : sorted) {
      bytes.clear();
      put_field(bytes, head->first);
      put_u64(bytes, head->second.version);
      put_hash(bytes, head->second.hash);
      root.update(bytes);
    }
    return {
        .position = position_, .version = version_, .actor_id = actor_id_, .root = root.finish()};
  }

 private:
  ByActor<Head> heads_;
  Position position_ = 0;
  Version version_ = 0;
  std::string actor_id_;
};

}  // namespace aether
