// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/message.hpp"
#include "nats/transport.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>

namespace aether::nats {

class PendingRequests;

struct Request {
  std::string_view subject;
  std::span<const Header> headers{};
  std::string_view data{};
  /// How long to wait for a reply, or for the next one of several; zero: the connection's default.
  std::chrono::milliseconds timeout{0};
  /// What this JetStream consumer delivers is a reply, too. It comes under its own subject instead
  /// of the request's, and only the subject of its acknowledgement names the consumer.
  std::string_view consumer{};
  /// The subjects of what was published before and is completed by it: so it must go the same way,
  /// over the transport, and ends as denied where one of those is.
  std::span<const std::string_view> completes{};
  /// It is a message for a stream, and may go over `bulk`. Questions to JetStream's API must not:
  /// in a cluster old servers lose the answer when the question comes by another server than the
  /// one that the reply is awaited at (seen with 2.9.10).
  bool is_for_stream = false;
};

/// Any number of requests at a time over one subscription and one timer.
///
/// While many wait for a reply, messages for streams go over the transport `bulk`, if there is one:
/// one
/// that gathers messages (`ConnectOptions::send_asap`) sends more of them for the same effort, and
/// the millisecond that each may wait is nothing beside the others' time. Alone it would be five
/// times what a request takes.
///
/// How a request ends that gets no reply:
/// - `unavailable`, `too_large`, `invalid_argument`, `unsupported`, `closed`: it was not sent.
/// - `not_found`: nobody answers on that subject ("no responders"); nobody has seen it.
/// - `permission_denied`: we may not publish there, or to what it completes, or not subscribe to
/// our
///   inbox.
/// - `outcome_unknown`: it was sent, and then time ran out, the connection was lost, or this object
///   was destroyed.
///
/// Each completion is called exactly once: on the thread that sends, when nothing was sent, else on
/// the subscription's thread, the timer's, libnats' for events, or the one that destroys this.
/// Completions must neither block nor throw; all else waits for them. They may do whatever they
/// like with this object but wait for it: send, and destroy it too.
class Requests {
 public:
  using Completion = std::move_only_function<void(Result<Message>)>;
  /// Called with each reply; false: it was the last.
  using EachReply = std::move_only_function<bool(const Message&)>;

  static constexpr std::size_t kMaxInFlight = 262'144;  // beyond: `unavailable`

  static constexpr std::size_t kMany = 32;

  struct Options {
    std::string inbox_prefix = "_INBOX";
    std::chrono::milliseconds timeout{5'000};
    Transport* bulk = nullptr;  ///< must outlive it
  };

  /// `transport` must outlive it. Errors: those of `Transport::subscribe`.
  [[nodiscard]] static Result<std::unique_ptr<Requests>> make(Transport& transport,
                                                              const Options& options);
  ~Requests();
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  /// For one reply. It may be a status (404 …), but for 503.
  void send(const Request& request, Completion done);

  /// For several: `each` gets those that are no status. `done` gets the status that ends them, or
  /// the reply at which `each` said so. `each` is never called after `done`.
  void send(const Request& request, EachReply each, Completion done);

  /// Calls `action` after `delay`, or when this is closed, as completions are called.
  void after(std::chrono::milliseconds delay, std::move_only_function<void()> action);

  /// Sends and waits. Within a completion: `invalid_argument`.
  [[nodiscard]] Result<Message> request(const Request& request);

  /// What was sent ends with `outcome_unknown`, what comes later with `closed`. Idempotent.
  void close();

  [[nodiscard]] std::size_t in_flight() const;

 private:
  Requests(Transport& transport, const Options& options, std::string inbox);

  Transport& transport_;
  Transport* const bulk_;
  const std::chrono::milliseconds timeout_;
  const std::string inbox_;  // "_INBOX.<unique>.": a token follows
  const std::shared_ptr<PendingRequests> pending_;
  std::unique_ptr<Handle> listening_;
  std::unique_ptr<Handle> listening_to_bulk_;
  std::unique_ptr<Handle> subscription_;
  std::thread timer_;
};

}  // namespace aether::nats
