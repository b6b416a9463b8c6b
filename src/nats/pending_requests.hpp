// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/requests.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aether::nats {

/// The requests in flight and their deadlines. Shared with the callbacks and the timer's thread,
/// which may outlive the `Requests`. Whoever takes a request out of the table completes it, with
/// no lock held.
class PendingRequests {
 public:
  using Token = std::uint64_t;
  using Time = std::chrono::steady_clock::time_point;

  struct Pending {
    std::string subject;
    std::string consumer;                // whose deliveries are replies, too
    std::vector<std::string> completes;  // subjects of what was sent for it before
    std::chrono::milliseconds timeout;
    Requests::EachReply each;  // empty: one reply is all
    Requests::Completion done;
    Time deadline{};
    bool in_bulk = false;           // it goes over the transport for many
    bool is_busy = false;           // `each` runs: only its caller may take this out
    std::optional<Error> ending{};  // what ended it meanwhile
  };

  explicit PendingRequests(std::string inbox) : inbox_(std::move(inbox)) {}

  struct Added {
    Token token = 0;
    bool in_bulk = false;  ///< it is to be sent so: many others wait, and it may
  };
  /// Nothing: it was completed.
  [[nodiscard]] std::optional<Added> add(Pending request, bool may_be_bulk);
  /// It goes the other way after all. False: it has ended meanwhile.
  [[nodiscard]] bool take_out_of_bulk(Token token);
  /// It could not be sent. Does nothing if something else has ended it.
  void fail(Token token, Error error);

  void on_reply(Message message);
  void on_event(const LinkEvent& event);
  /// Of the transport for many, over which no reply comes.
  void on_bulk_event(const LinkEvent& event);
  void run_timer();
  /// Ends all, and all that come later.
  void close();

  [[nodiscard]] std::size_t size() const;
  /// Whether this thread is within a completion.
  [[nodiscard]] static bool is_completing();

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Table = std::unordered_map<Token, Pending>;
  struct Deadline {
    Time time;
    Token token = 0;
    friend auto operator<=>(const Deadline&, const Deadline&) = default;
  };

  static void complete(Pending& request, Result<Message> result);
  /// Zero for what is no reply to a request.
  [[nodiscard]] Token token_of(const Message& message) const;
  [[nodiscard]] Table::node_type take(Table::const_iterator request);
  /// Ends those for which `is_ended` holds; the error is made for each by `error_of`.
  template <class Predicate, class ErrorOf>
  void end_all(Lock& lock, Predicate is_ended, ErrorOf error_of);
  void on_next_reply(Lock& lock, Token token, Pending& request, Message message);
  void push_deadline(Deadline deadline);
  Deadline pop_deadline();
  std::vector<Table::node_type> take_expired(Time now);

  const std::string inbox_;
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable earlier_;
  Table table_;
  std::unordered_map<std::string, Token> consumers_;
  Token last_token_ = 0;
  // A heap, the earliest first. Whose request has ended stays in it until its time.
  std::vector<Deadline> deadlines_;
  bool is_closed_ = false;
  std::string inbox_denied_;  // the server's words, if it denies us our inbox
};

}  // namespace aether::nats
