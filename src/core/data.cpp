// SPDX-License-Identifier: Apache-2.0
#include "aether/core/data.hpp"

#include "core/json_text.hpp"

#include <algorithm>
#include <limits>

namespace aether {

Data::Data(Kind kind, std::string_view bytes, std::string_view content_type)
    : size_(bytes.size()), kind_(kind) {
  // A type that does not fit is cut, but not into one that passes: stores refuse more than 255.
  constexpr std::size_t kLongestType = std::numeric_limits<decltype(type_size_)>::max();
  const std::string_view type = content_type.substr(0, kLongestType);
  const std::size_t size = std::max<std::size_t>(bytes.size() + type.size(), 1);
  auto buffer = std::make_shared_for_overwrite<char[]>(size);
  std::ranges::copy(bytes, buffer.get());
  std::ranges::copy(type, buffer.get() + bytes.size());
  type_size_ = static_cast<decltype(type_size_)>(type.size());
  buffer_ = std::move(buffer);
}

Data Data::json(std::string_view text) {
  const bool checked = check_json(text, kDefaultJsonDepth).has_value();
  return {checked ? Kind::json : Kind::unchecked_json, text, ""};
}

Data Data::stored_json(std::string_view text) { return {Kind::json, text, ""}; }

Data Data::bytes(std::string_view bytes, std::string_view content_type) {
  if (content_type == kJsonContentType) return json(bytes);
  return {Kind::other, bytes, content_type.empty() ? "application/octet-stream" : content_type};
}

}  // namespace aether
