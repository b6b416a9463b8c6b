// SPDX-License-Identifier: Apache-2.0
#include "nats/link.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace aether::nats {
namespace {

struct Registry {
  std::mutex mutex;  // guards the rest
  std::uintptr_t last = 0;
  std::unordered_map<std::uintptr_t, std::weak_ptr<Link>> links;
};

// Never destroyed: libnats' threads may still call when the program's statics are.
Registry& registry() {
  static auto* const all = new Registry;  // NOLINT(cppcoreguidelines-owning-memory)
  return *all;
}

void* to_key(std::uintptr_t number) {
  return reinterpret_cast<void*>(number);  // NOLINT(performance-no-int-to-ptr): never followed
}

std::shared_ptr<Link> find(void* key) {
  const std::scoped_lock lock(registry().mutex);
  const auto found = registry().links.find(reinterpret_cast<std::uintptr_t>(key));
  return found != registry().links.end() ? found->second.lock() : nullptr;
}

}  // namespace

Link::Link(LogSink log, std::string token)
    : log_([sink = std::move(log)](LogLevel level, std::string_view message) {
        if (sink) sink(level, message);
      }),
      token_(std::move(token)) {}

std::shared_ptr<Link> Link::make(LogSink log, std::string token) {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): its constructor is private
  std::shared_ptr<Link> link(new Link(std::move(log), std::move(token)));
  const std::scoped_lock lock(registry().mutex);
  link->number_ = ++registry().last;
  registry().links.emplace(link->number_, link);
  return link;
}

Link::~Link() {
  const std::scoped_lock lock(registry().mutex);
  registry().links.erase(number_);
}

natsStatus Link::register_callbacks(natsOptions* options) const {
  void* const key = to_key(number_);
  natsStatus status = natsOptions_SetDisconnectedCB(options, on_disconnected, key);
  if (status == NATS_OK) status = natsOptions_SetReconnectedCB(options, on_reconnected, key);
  if (status == NATS_OK) status = natsOptions_SetClosedCB(options, on_closed, key);
  if (status == NATS_OK) status = natsOptions_SetLameDuckModeCB(options, on_lame_duck, key);
  if (status == NATS_OK) status = natsOptions_SetErrorHandler(options, on_error, key);
  if (status == NATS_OK) status = natsOptions_SetTokenHandler(options, on_login, key);
  return status;
}

// The only callback that libnats makes at once, and before it sends anything else: asked for a
// token, it gets the one that there is, or none. It holds the connection's lock.
const char* Link::on_login(void* key) {
  const auto link = find(key);
  if (!link) return nullptr;
  ++link->logins_;
  thread_local std::string token;  // the link may end before libnats has used it
  token = link->token_;
  return token.empty() ? nullptr : token.c_str();
}

void Link::refresh(natsConnection* connection) {
  std::array<char, 1024> url{};
  std::array<char, 256> id{};
  if (natsConnection_GetConnectedUrl(connection, url.data(), url.size()) != NATS_OK ||
      natsConnection_GetConnectedServerId(connection, id.data(), id.size()) != NATS_OK) {
    return;  // lost again; the next reconnection will tell
  }
  max_payload_ = natsConnection_GetMaxPayload(connection);
  const std::scoped_lock lock(mutex_);
  url_ = url.data();
  server_id_ = id.data();
}

std::pair<std::string, std::string> Link::server() const {
  const std::scoped_lock lock(mutex_);
  return {server_id_, url_};
}

void Link::log(LogLevel level, std::string_view message) { log_.call(level, message); }

void Link::tell(LogLevel level, std::string_view message, const LinkEvent& event) {
  log(level, message);
  listeners_->tell(event);
}

void Link::on_disconnected(natsConnection* /*connection*/, void* key) {
  const auto link = find(key);
  if (!link) return;
  auto expected = ConnectionStatus::connected;
  link->status_.compare_exchange_strong(expected, ConnectionStatus::reconnecting);
  const bool by_us = link->status_ == ConnectionStatus::closed;
  link->tell(by_us ? LogLevel::debug : LogLevel::warning,
             concat("The connection to ", link->server().second, " is lost."),
             {.kind = LinkEvent::Kind::disconnected});
}

void Link::on_reconnected(natsConnection* connection, void* key) {
  const auto link = find(key);
  if (!link) return;
  link->refresh(connection);
  ++link->counters_.reconnects;
  auto expected = ConnectionStatus::reconnecting;
  link->status_.compare_exchange_strong(expected, ConnectionStatus::connected);
  link->tell(LogLevel::info, concat("Connected again, to ", link->server().second, "."),
             {.kind = LinkEvent::Kind::reconnected});
}

void Link::on_closed(natsConnection* connection, void* key) {
  const auto link = find(key);
  if (!link) return;
  const bool by_us = link->status_.exchange(ConnectionStatus::closed) == ConnectionStatus::closed;
  const char* last = nullptr;
  const natsStatus status = natsConnection_GetLastError(connection, &last);
  std::string reason = last != nullptr ? last : "";
  if (reason.empty()) reason = natsStatus_GetText(status);
  if (by_us) reason = "it was asked for";
  link->tell(
      by_us ? LogLevel::debug : LogLevel::error,
      concat("The connection to ", link->server().second, " is closed for good: ", reason, "."),
      {.kind = LinkEvent::Kind::closed, .text = reason});
}

void Link::on_lame_duck(natsConnection* /*connection*/, void* key) {
  const auto link = find(key);
  if (!link) return;
  link->tell(LogLevel::info, concat("The server ", link->server().second, " will go soon."),
             {.kind = LinkEvent::Kind::lame_duck});
}

// `subscription` is not to be touched: libnats does not keep it alive for this call.
void Link::on_error(natsConnection* /*connection*/, natsSubscription* /*subscription*/,
                    natsStatus status, void* key) {
  const auto link = find(key);
  if (!link) return;
  const char* const last = nats_GetLastError(nullptr);
  const std::string text = last != nullptr && *last != '\0' ? last : natsStatus_GetText(status);
  LinkEvent event{.kind = LinkEvent::Kind::failed, .text = text};
  if (status == NATS_SLOW_CONSUMER) event.kind = LinkEvent::Kind::slow;
  if (status == NATS_NOT_PERMITTED) event = parse_violation(text);
  link->tell(LogLevel::error, concat("The server, or libnats, complains: ", text, "."), event);
}

LinkEvent parse_violation(std::string_view text) {
  LinkEvent event{.kind = LinkEvent::Kind::denied,
                  .is_subject_cut = true,
                  .is_subscription = text.contains("Subscription"),
                  .text = std::string(text)};
  // The subject is quoted as Go does it. What Go would write with \x or \u is in no subject of
  // ours.
  std::string_view rest = text.substr(std::min(text.find('"'), text.size()));
  while (rest.size() > 1) {
    rest.remove_prefix(1);
    if (rest.front() == '"') {
      event.is_subject_cut = false;
      break;
    }
    if (rest.starts_with('\\')) rest.remove_prefix(1);
    event.subject += rest.substr(0, 1);
  }
  return event;
}

}  // namespace aether::nats
