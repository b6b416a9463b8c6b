// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aether::nats {

/// A message that was received. Move-only; what it gives out are views into it.
///
/// Used by one thread at a time, `const` or not: its headers are taken apart when first asked for.
class Message {
 public:
  /// Takes over a natsMsg, which is no type here so that libnats stays behind the seam.
  explicit Message(void* received) : message_(received) {}
  ~Message();
  Message(Message&& other) noexcept;
  Message& operator=(Message&& other) noexcept;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  [[nodiscard]] std::string_view subject() const;
  [[nodiscard]] std::string_view reply() const;  ///< where an answer is awaited; "" for nowhere
  [[nodiscard]] std::string_view data() const;

  /// The first value of a header; its name as the sender wrote it, upper and lower case.
  [[nodiscard]] std::optional<std::string_view> header(const std::string& name) const;
  /// What a server says in place of data: 404, 503 …; 0 for an ordinary message.
  [[nodiscard]] int status() const;
  [[nodiscard]] std::string_view status_text() const;

 private:
  void* message_;
  mutable bool has_table_ = false;  // of headers: one was looked at
};

}  // namespace aether::nats
