// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace aether {

/// A map that keeps what was used lately, at most about `capacity` entries: what was not asked for
/// while half of them came in is forgotten. Two maps do it, without a list to keep in order.
template <class Value>
class RecentCache {
 public:
  explicit RecentCache(std::size_t capacity) : half_(capacity / 2 + 1) {}

  /// Null if it is not known. Valid until `trim` or `clear`.
  Value* find(std::string_view name) {
    if (const auto found = young_.find(name); found != young_.end()) return &found->second;
    const auto found = old_.find(name);
    if (found == old_.end()) return nullptr;
    auto moved = old_.extract(found);
    return &young_.insert(std::move(moved)).position->second;
  }

  /// Valid until `trim` or `clear`.
  Value& insert(std::string_view name, Value value) {
    return young_.insert_or_assign(std::string(name), std::move(value)).first->second;
  }

  void trim() {
    if (young_.size() < half_) return;
    old_ = std::move(young_);
    young_.clear();
  }

  void erase(std::string_view name) {
    if (const auto found = young_.find(name); found != young_.end()) young_.erase(found);
    if (const auto found = old_.find(name); found != old_.end()) old_.erase(found);
  }

  void clear() {
    young_.clear();
    old_.clear();
  }

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };
  using Map = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;

  std::size_t half_;
  Map young_;
  Map old_;
};

}  // namespace aether
