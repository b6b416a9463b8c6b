// SPDX-License-Identifier: Apache-2.0
#include "nats/message.hpp"

#include "nats/discards.hpp"

#include <nats/nats.h>

#include <charconv>
#include <utility>

namespace aether::nats {
namespace {

natsMsg* raw(void* message) { return static_cast<natsMsg*>(message); }

std::string_view view(const char* text) { return text != nullptr ? text : ""; }

}  // namespace

Message::~Message() { discard(raw(message_), has_table_); }

Message::Message(Message&& other) noexcept
    : message_(std::exchange(other.message_, nullptr)), has_table_(other.has_table_) {}

Message& Message::operator=(Message&& other) noexcept {
  std::swap(message_, other.message_);
  std::swap(has_table_, other.has_table_);
  return *this;
}

std::string_view Message::subject() const { return view(natsMsg_GetSubject(raw(message_))); }

std::string_view Message::reply() const { return view(natsMsg_GetReply(raw(message_))); }

std::string_view Message::data() const {
  return {natsMsg_GetData(raw(message_)),
          static_cast<std::size_t>(natsMsg_GetDataLength(raw(message_)))};
}

std::optional<std::string_view> Message::header(const std::string& name) const {
  has_table_ = true;
  const char* value = nullptr;
  if (natsMsgHeader_Get(raw(message_), name.c_str(), &value) != NATS_OK) return std::nullopt;
  return view(value);
}

int Message::status() const {
  // A status comes without data. Most messages have data, and need not be taken apart for this.
  if (natsMsg_GetDataLength(raw(message_)) > 0) return 0;
  const std::string_view text = header("Status").value_or("");
  int status = 0;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

std::string_view Message::status_text() const { return header("Description").value_or(""); }

}  // namespace aether::nats
