// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "core/json_scan.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace aether::cluster {

/// Reads the cluster's records, which anybody may have forged, by their exact form: known members
/// only, each once, whole numbers below 2^64, strings without escapes. A member that returns false
/// has found a fault, and `error` tells it.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : scanner_(text) {}

  /// Takes an object whose members have any names: `read(name)` takes each value. The same name
  /// twice is `read`'s to refuse.
  template <class Read>
  [[nodiscard]] bool members(Read&& read) {
    if (!scanner_.accept('{')) return refuse("an object is expected");
    if (scanner_.accept('}')) return true;
    do {
      std::string_view name;
      if (!text(name)) return false;
      if (!scanner_.accept(':')) return refuse("a ':' is expected");
      if (!read(name)) return false;
    } while (scanner_.accept(','));
    return scanner_.accept('}') || refuse("',' or '}' is expected");
  }

  /// Takes an object that has exactly the members `names`, in any order: `read(n)` takes the value
  /// of `names[n]`.
  template <class Read>
  [[nodiscard]] bool object(std::span<const std::string_view> names, Read&& read) {
    std::uint64_t seen = 0;
    const bool good = members([&](std::string_view name) {
      std::size_t n = 0;
      while (n < names.size() && names[n] != name) ++n;
      if (n == names.size()) return refuse("there is a member that is not known here");
      if ((seen >> n & 1U) != 0) return refuse("there is a member twice");
      seen |= std::uint64_t{1} << n;
      return static_cast<bool>(read(n));
    });
    if (!good) return false;
    return seen + 1 == std::uint64_t{1} << names.size() || refuse("a member is missing");
  }

  /// Takes an array: `read()` takes each value.
  template <class Read>
  [[nodiscard]] bool array(Read&& read) {
    if (!scanner_.accept('[')) return refuse("an array is expected");
    if (scanner_.accept(']')) return true;
    do {
      if (!read()) return false;
    } while (scanner_.accept(','));
    return scanner_.accept(']') || refuse("',' or ']' is expected");
  }

  [[nodiscard]] bool text(std::string_view& out);
  [[nodiscard]] bool number(std::uint64_t& out);
  [[nodiscard]] bool version_1();

  /// Whether nothing follows.
  [[nodiscard]] bool end() { return scanner_.at_end() || refuse("something follows its end"); }

  /// Ends the reading for a reason of the caller's. Always false.
  bool refuse(std::string_view problem) { return scanner_.refuse(problem); }

  /// `what` names the record within a sentence: "shard table".
  [[nodiscard]] std::unexpected<Error> error(std::string_view what) const;

 private:
  JsonScanner scanner_;
};

}  // namespace aether::cluster
