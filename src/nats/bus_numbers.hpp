// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "aether/core/error.hpp"
#include "aether/core/names.hpp"
#include "nats/transport.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

// What a connection that breaks takes with it, libnats says to nobody. So each bus numbers what it
// publishes, in the reply subject, which costs nothing, as headers do; and says how far it has
// come once it is connected again.
namespace aether::nats {

/// Whose messages a subscription sees: of each of these a publisher counts its own.
enum class BusScope : std::size_t { name_space, category, actor };

/// A message's place among those of its publisher.
struct BusPlace {
  std::string_view publisher;
  std::uint64_t epoch = 0;  ///< within it the numbers grow by one; they begin at 1
  std::array<std::uint64_t, 3> numbers{};

  [[nodiscard]] std::uint64_t number(BusScope scope) const {
    return numbers.at(static_cast<std::size_t>(scope));
  }
};

/// Nothing: it is from a publisher that does not number.
[[nodiscard]] std::optional<BusPlace> parse_place(std::string_view reply);

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

/// Numbers and sends what one bus publishes. All members may be called from any thread.
class BusPublisher {
 public:
  /// So many subjects are remembered, in some 2 MiB. Before the next one the server is waited for:
  /// what it has got cannot be missing, so the numbers begin anew.
  static constexpr std::size_t kMaxSubjects = 8'192;

  BusPublisher(Transport& transport, std::chrono::milliseconds timeout);

  /// As `Transport::publish`; the reply is the place. `unavailable`, too, if the server has to be
  /// waited for and does not answer.
  [[nodiscard]] Result<void> publish(const Namespace& ns, Outgoing message);

  /// Returns when the server has all that was published before. Errors: `closed`;
  /// `outcome_unknown`, when it does not say so in time; `unavailable`, also, once, when something
  /// may have been lost since the last flush.
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds timeout);

  /// Says on each subject how far the numbers have come, if the connection was made anew since:
  /// who listens sees what has not arrived. To be followed by a flush.
  [[nodiscard]] Result<void> announce();

  /// The server does not let us publish there: nothing needs to be said there.
  void leave_out(std::string_view subject);

 private:
  using Numbers = std::unordered_map<std::string, std::uint64_t, TextHash, std::equal_to<>>;
  struct Actor {
    std::array<std::uint64_t*, 3> numbers{};
    std::uint64_t own = 0;
  };
  using Actors = std::unordered_map<std::string, Actor, TextHash, std::equal_to<>>;

  // The mutex is held.
  [[nodiscard]] Actor& actor(const Namespace& ns, std::string_view subject);
  void write_reply(const Actor& actor);
  [[nodiscard]] Result<void> announce_all();
  [[nodiscard]] Result<void> begin_epoch();

  Transport& transport_;
  const std::chrono::milliseconds timeout_;
  const std::string prefix_;

  std::mutex mutex_;  // guards all below; held while a message is sent, for they come in order
  std::uint64_t epoch_ = 1;
  std::uint64_t logins_;  // since then nothing was lost that was not announced
  Numbers name_spaces_;   // their nodes stay where they are
  Numbers categories_;    // by what the subject is without the actor
  Actors actors_;         // by subject
  std::string reply_;
  std::uint64_t sent_ = 0;
  std::uint64_t unflushed_ = 0;  // the login at which the first was sent; 0: all is flushed

  std::mutex left_out_mutex_;  // guards left_out_
  std::set<std::string, std::less<>> left_out_;
};

/// How far each publisher has come, as one subscription sees it. For one thread at a time.
class BusArrivals {
 public:
  static constexpr std::size_t kMaxKnown = 8'192;  // publishers in a namespace; about 2 MiB

  explicit BusArrivals(BusScope scope) : scope_(scope) {}

  struct Verdict {
    bool is_late = false;       ///< it was told as missing, or has come before
    bool is_unknown = false;    ///< something may be missing; how much, nobody knows
    std::uint64_t missing = 0;  ///< so many before it have not come
  };
  /// `is_news`: what an announcement says, which counts for no event.
  [[nodiscard]] Verdict take(std::string_view name_space, const BusPlace& place, bool is_news);

 private:
  struct Reached {
    std::uint64_t epoch = 0;
    std::uint64_t number = 0;
  };
  const BusScope scope_;
  std::string key_;
  std::unordered_map<std::string, Reached, TextHash, std::equal_to<>> reached_;
};

}  // namespace aether::nats
