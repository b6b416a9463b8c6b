// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bus/bundle.hpp"
#include "bus/delivery.hpp"
#include "nats/bus_message.hpp"
#include "nats/bus_numbers.hpp"
#include "nats/message.hpp"
#include "nats/transport.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aether::nats {

/// Which messages of broadcasting streams have come, as far as it takes to see that one has not:
/// each names its predecessor on the same subject. Used by one thread at a time.
class Predecessors {
 public:
  /// Of all streams together, in some 4 MiB; then it begins anew. A stream counts as eight, for
  /// what it takes besides.
  static constexpr std::size_t kMaxActors = 65'536;

  /// Takes note of a message. True: the one before it should have come, and has not. What was
  /// stored before the first message that came is not asked for.
  [[nodiscard]] bool is_missing(std::string_view name_space, std::string_view subject,
                                std::uint64_t sequence, std::uint64_t previous);

  /// How many are remembered, as counted above.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Stream {
    std::uint64_t begin = 0;  // the sequence from which on all has come
    std::uint64_t last = 0;
    // By the subject's hash. Two of the same one hide a gap at worst.
    std::unordered_map<std::size_t, std::uint64_t> actors;
  };
  std::unordered_map<std::string, Stream, TextHash, std::equal_to<>> streams_;
  std::size_t size_ = 0;
};

/// From messages to the queue of one subscription.
class BusReceiver {
 public:
  struct Setup {
    std::string subject;  ///< what is subscribed to
    BusScope scope;
    NamespacePattern pattern;
    Filter filter;
    std::shared_ptr<Delivery> delivery;
    const Transport& transport;  ///< must outlive what it delivers
    unsigned max_json_depth = 0;
    std::function<void(const Error&)> on_foreign;  ///< a message was no event
  };

  explicit BusReceiver(Setup setup)
      : setup_(std::move(setup)), logins_(setup_.transport.logins()), arrivals_(setup_.scope) {}

  /// One at a time. Does not block.
  void take(const Message& message);

  /// The connection was lost and is there again, and the server has the subscription. From any
  /// thread, as all below.
  void on_reconnected();
  /// Messages were dropped, of this subscription or another one.
  void on_slow();

  [[nodiscard]] const std::string& subject() const { return setup_.subject; }
  [[nodiscard]] Delivery& delivery() { return *setup_.delivery; }

 private:
  /// Null: it is not within the pattern.
  [[nodiscard]] const Namespace* name_space_of(const Message& message);
  /// What its publisher says of the messages before it. False: it is no event that is to come now.
  [[nodiscard]] bool follows(const Message& message, const BusPlace& place);
  void look_for_missing(const Message& message, const BusMessage& decoded);

  const Setup setup_;
  // Of the thread that takes.
  std::uint64_t logins_;
  bool is_in_doubt_ = false;
  std::chrono::steady_clock::time_point in_doubt_until_{};
  NamespacePtr last_ns_;
  Packer packer_{nullptr};     // for it
  BusArrivals arrivals_;       // of what buses publish
  Predecessors predecessors_;  // of what streams broadcast
};

}  // namespace aether::nats
