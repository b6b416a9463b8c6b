// SPDX-License-Identifier: Apache-2.0
#include "made_events.hpp"

#include "aether/core/uuid.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace aether::bench {
namespace {

constexpr std::size_t kDurableDataBytes = 200;
constexpr std::size_t kFirstActor = 100;

/// JSON in a buffer on the stack: writing it allocates nothing, as in a careful application.
// NOLINTNEXTLINE(*-member-init): filling the buffer with zeros first would be timed, too
class JsonText {
 public:
  JsonText& operator<<(std::string_view text) {
    size_ += text.copy(buffer_.data() + size_, buffer_.size() - size_);
    return *this;
  }
  JsonText& operator<<(double number) {
    const auto end = std::to_chars(buffer_.data() + size_, buffer_.data() + buffer_.size(), number);
    size_ = static_cast<std::size_t>(end.ptr - buffer_.data());
    return *this;
  }
  void pad_to(std::size_t size) {
    while (size_ < size) buffer_[size_++] = 'x';
  }
  [[nodiscard]] std::string_view text() const { return {buffer_.data(), size_}; }

 private:
  std::array<char, 512> buffer_;
  std::size_t size_ = 0;
};

double total(std::uint64_t n) { return 10 + static_cast<double>(n % 10'000) / 100; }

Event make(std::string_view actor_id, Version version, std::string_view json) {
  return {.id = {},
          .event_type = "OrderPlaced",
          .actor_id = std::string(actor_id),
          .version = version,
          .data = Data::json(json),
          .metadata = {}};
}

}  // namespace

std::vector<std::string> actor_ids(std::size_t count) {
  std::vector<std::string> ids;
  ids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) ids.push_back("order-" + std::to_string(kFirstActor + i));
  return ids;
}

Event order_placed(std::string_view actor_id, Version version, std::uint64_t n) {
  JsonText json;
  json << R"({"total":)" << total(n) << R"(,"currency":"USD"})";
  return make(actor_id, version, json.text());
}

Event nested_order(std::string_view actor_id, Version version, std::uint64_t n) {
  JsonText json;
  json << R"({"total":)" << total(n) << R"(,"currency":"USD","customer":"customer-4711","items":)"
       << R"([{"sku":"A-1","quantity":2,"price":25},{"sku":"B-2","quantity":1,"price":49.99}]})";
  return make(actor_id, version, json.text());
}

Event order_of_200_bytes(std::string_view actor_id, Version version, std::uint64_t n) {
  JsonText json;
  json << R"({"total":)" << total(n) << R"(,"currency":"USD","items":[{"sku":"A-1","quantity":2},)"
       << R"({"sku":"B-2","quantity":1}],"address":")";
  json.pad_to(kDurableDataBytes - 2);
  json << R"("})";
  return make(actor_id, version, json.text());
}

Event completed(Event event) {
  event.id = make_uuid_v7();
  event.timestamp = system_clock().now();
  return event;
}

}  // namespace aether::bench
