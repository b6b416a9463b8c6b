// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace aether {

/// JSON nested deeper than this is refused unless a store's limits say otherwise.
inline constexpr unsigned kDefaultJsonDepth = 64;

inline constexpr std::string_view kJsonContentType = "application/json";

/// What an event carries: JSON text, or any bytes with a content type.
///
/// An immutable, shared buffer: copying it costs a reference count, never a copy of the bytes. JSON
/// is kept byte for byte as it was given (`0.10` stays `0.10`, keys keep their order) and is never
/// re-encoded. Safe to read from any thread.
class Data {
 public:
  /// The JSON text `null`; allocates nothing.
  Data() noexcept = default;

  /// Copies and checks `text` once. Making it never fails: malformed JSON, bad UTF-8 and nesting
  /// deeper than a store allows are refused by `append`, which can say of which event.
  [[nodiscard]] static Data json(std::string_view text);

  /// JSON text that was checked when it was stored: not checked again. For stores only.
  [[nodiscard]] static Data stored_json(std::string_view text);

  /// Copies any bytes. `content_type` names what they are ("application/protobuf"); "" means
  /// "application/octet-stream". Bytes under "application/json" are JSON: see `json`.
  [[nodiscard]] static Data bytes(std::string_view bytes, std::string_view content_type);

  /// The JSON text or the bytes. Valid as long as any copy of this Data lives.
  [[nodiscard]] std::string_view text() const noexcept {
    return buffer_ ? std::string_view(buffer_.get(), size_) : std::string_view("null");
  }
  [[nodiscard]] std::span<const std::byte> as_bytes() const noexcept {
    return std::as_bytes(std::span(text()));
  }
  [[nodiscard]] std::size_t size() const noexcept { return text().size(); }

  [[nodiscard]] bool is_json() const noexcept { return kind_ != Kind::other; }
  [[nodiscard]] std::string_view content_type() const noexcept {
    return is_json() ? kJsonContentType : std::string_view(buffer_.get() + size_, type_size_);
  }

  /// Whether this is bytes, or well-formed JSON no deeper than `kDefaultJsonDepth`.
  [[nodiscard]] bool is_checked() const noexcept { return kind_ != Kind::unchecked_json; }

  /// Same content type, same bytes. (Not JSON equality: `{"a":1}` differs from `{ "a":1}`.)
  friend bool operator==(const Data& a, const Data& b) noexcept {
    return a.content_type() == b.content_type() && a.text() == b.text();
  }

 private:
  enum class Kind : unsigned char { json, unchecked_json, other };
  Data(Kind kind, std::string_view bytes, std::string_view content_type);

  std::shared_ptr<const char[]> buffer_;  // the bytes, then the content type: one allocation
  std::size_t size_ = 0;
  unsigned short type_size_ = 0;
  Kind kind_ = Kind::json;
};

}  // namespace aether
