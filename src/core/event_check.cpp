// SPDX-License-Identifier: Apache-2.0
#include "core/event_check.hpp"

#include "aether/core/names.hpp"
#include "core/json_text.hpp"
#include "core/text.hpp"

namespace aether {

namespace {

Result<void> check_data(const Data& data, unsigned max_depth) {
  if (!data.is_json()) return check_name("content type", data.content_type());
  if (data.is_checked() && max_depth >= kDefaultJsonDepth) return {};
  auto checked = check_json(data.text(), max_depth);
  if (!checked) checked.error().message = concat("data: ", checked.error().message);
  return checked;
}

Result<void> check_metadata(const Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    if (auto ok = check_name("metadata key", key); !ok) return ok;
    if (is_printable_ascii(value)) continue;
    if (auto ok = check_text(concat("metadata ", key), value); !ok) return ok;
  }
  return {};
}

Result<void> check_names(const Event& event) {
  const auto is_plain = [](std::string_view name) {  // nearly every one is: no need to say more
    return !name.empty() && name.size() <= kMaxNameBytes && is_printable_ascii(name);
  };
  if (is_plain(event.event_type) && is_plain(event.actor_id) &&
      (event.id.empty() || is_plain(event.id))) {
    return {};
  }
  if (!event.id.empty()) {
    if (auto ok = check_name("id", event.id); !ok) return ok;
  }
  if (auto ok = check_name("event type", event.event_type); !ok) return ok;
  return check_name("actor id", event.actor_id);
}

}  // namespace

Result<void> check_event(const Event& event, unsigned max_json_depth) {
  if (auto ok = check_names(event); !ok) return ok;
  if (event.version > kMaxVersion) {
    return fail(Errc::invalid_argument,
                concat("version: ", event.version, " is over the highest, ", kMaxVersion));
  }
  if (auto ok = check_metadata(event.metadata); !ok) return ok;
  return check_data(event.data, max_json_depth);
}

std::size_t event_bytes(const Event& event) {
  std::size_t size = event.id.size() + event.event_type.size() + event.actor_id.size() +
                     event.data.size() +
                     (event.data.is_json() ? 0 : event.data.content_type().size());
  for (const auto& [key, value] : event.metadata) size += key.size() + value.size();
  return size;
}

}  // namespace aether
