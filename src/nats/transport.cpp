// SPDX-License-Identifier: Apache-2.0
#include "nats/transport.hpp"

#include "core/text.hpp"
#include "nats/client_options.hpp"
#include "nats/deliveries.hpp"
#include "nats/discards.hpp"
#include "nats/greeting.hpp"
#include "nats/link.hpp"
#include "nats/news.hpp"
#include "nats/subjects.hpp"
#include "nats/url.hpp"

#include <nats/nats.h>

#include <mutex>
#include <utility>

namespace aether::nats {
namespace {

Error not_connected() {
  return {.code = Errc::unavailable,
          .message =
              "There is no connection to a NATS server at the moment, so nothing was sent: "
              "try again later."};
}

Error is_closed() {
  return {.code = Errc::closed,
          .message = "The connection to the NATS server was closed: connect anew."};
}

// Whatever libnats says here, no server has the whole message: what is incomplete is dropped with
// the connection.
Error to_publish_error(natsStatus status, const Outgoing& message, std::int64_t max_payload) {
  switch (status) {
    case NATS_CONNECTION_CLOSED:
    case NATS_DRAINING:
      return is_closed();
    case NATS_INSUFFICIENT_BUFFER:  // the reconnect buffer, which has no room at all
      return not_connected();
    case NATS_MAX_PAYLOAD:
      return {.code = Errc::too_large,
              .message = concat("The message for ", quoted(message.subject), " has ",
                                message.data.size(), " bytes and its headers; the server takes ",
                                max_payload, " at most: send less, or raise its max_payload.")};
    case NATS_NO_SERVER_SUPPORT:
      return {.code = Errc::unsupported,
              .message = "The NATS server takes no headers: it must be 2.2 or newer."};
    default:
      return {.code = Errc::unavailable,
              .message = concat("The message for ", quoted(message.subject), " could not be sent: ",
                                natsStatus_GetText(status), "; try again later.")};
  }
}

struct DestroyMessage {
  void operator()(natsMsg* message) const { discard(message, true); }
};

// libnats wants its texts with a NUL behind them. Kept between calls to spare the allocations.
struct Texts {
  std::string subject;
  std::string reply;
  std::string name;
  std::string value;
};
Texts& texts() {
  thread_local Texts kept;
  return kept;
}

natsStatus send_with_headers(natsConnection* connection, const Outgoing& outgoing, Texts& text) {
  natsMsg* made = nullptr;
  natsStatus status =
      natsMsg_Create(&made, text.subject.c_str(), text.reply.empty() ? nullptr : text.reply.c_str(),
                     outgoing.data.data(), static_cast<int>(outgoing.data.size()));
  const std::unique_ptr<natsMsg, DestroyMessage> message(made);
  for (const Header& header : outgoing.headers) {
    text.name = header.name;
    text.value = header.value;
    if (status == NATS_OK) {
      status = natsMsgHeader_Add(made, text.name.c_str(), text.value.c_str());
    }
  }
  return status == NATS_OK ? natsConnection_PublishMsg(connection, made) : status;
}

class LibnatsTransport final : public Transport {
 public:
  LibnatsTransport(ConnectOptions options, std::shared_ptr<Link> link, natsConnection* connection,
                   Greeting greeting)
      : options_(std::move(options)),
        link_(std::move(link)),
        connection_(connection),
        greeting_(std::move(greeting)) {}

  ~LibnatsTransport() override {
    close();
    link_->stop_log();
    natsConnection_Destroy(connection_);
  }
  LibnatsTransport(const LibnatsTransport&) = delete;
  LibnatsTransport& operator=(const LibnatsTransport&) = delete;

  Result<void> publish(const Outgoing& message) override {
    if (auto ok = check(message); !ok) return ok;
    // libnats would say so too, but may first wait for its lock while it connects.
    switch (link_->status()) {
      case ConnectionStatus::reconnecting:
        return std::unexpected(not_connected());
      case ConnectionStatus::closed:
        return std::unexpected(is_closed());
      case ConnectionStatus::connected:
        break;
    }
    const natsStatus status = send(message);
    if (status != NATS_OK) {
      return std::unexpected(to_publish_error(status, message, link_->max_payload()));
    }
    link_->counters().messages_out.fetch_add(1, std::memory_order_relaxed);
    link_->counters().bytes_out.fetch_add(message.data.size(), std::memory_order_relaxed);
    return {};
  }

  Result<std::unique_ptr<Handle>> subscribe(std::string_view pattern, std::string_view queue,
                                            MessageHandler handler) override {
    if (auto ok = check_pattern(pattern); !ok) return std::unexpected(std::move(ok.error()));
    if (!queue.empty()) {
      if (auto ok = check_subject("queue", queue); !ok) {
        return std::unexpected(std::move(ok.error()));
      }
    }
    if (link_->status() == ConnectionStatus::closed) return std::unexpected(is_closed());
    return deliver(connection_, link_, retired_, pattern, queue, std::move(handler));
  }

  std::unique_ptr<Handle> listen(EventListener listener) override {
    return link_->listeners().add(std::move(listener));
  }

  Result<void> flush(std::chrono::milliseconds timeout) override {
    if (link_->status() == ConnectionStatus::closed) return std::unexpected(is_closed());
    if (link_->status() != ConnectionStatus::connected) return std::unexpected(not_connected());
    const std::uint64_t logins = link_->logins();
    const std::uint64_t retired = retired_->mark();
    const natsStatus status = natsConnection_FlushTimeout(connection_, timeout.count());
    if (status == NATS_OK) {
      // It says so, too, when the connection was lost while it waited.
      const bool is_there = natsConnection_Status(connection_) == NATS_CONN_STATUS_CONNECTED;
      if (is_there && link_->logins() == logins) {
        retired_->flushed(retired);
        return {};
      }
      return std::unexpected(not_connected());
    }
    if (status == NATS_CONNECTION_CLOSED) return std::unexpected(is_closed());
    return fail(
        Errc::unavailable,
        concat("The NATS server did not confirm what was sent: ", natsStatus_GetText(status), "."));
  }

  ConnectionStatus status() const override { return link_->status(); }
  std::int64_t max_payload() const override { return link_->max_payload(); }

  std::uint64_t logins() const override { return link_->logins(); }

  void settle(std::chrono::milliseconds timeout) const override {
    const char* last = nullptr;
    if (natsConnection_GetLastError(connection_, &last) == NATS_OK) return;  // it refused nothing
    [[maybe_unused]] const bool told = await_news(timeout);
  }

  Statistics statistics() const override {
    const Counters& counters = link_->counters();
    return {.reconnects = counters.reconnects,
            .messages_in = counters.messages_in,
            .bytes_in = counters.bytes_in,
            .messages_out = counters.messages_out,
            .bytes_out = counters.bytes_out};
  }

  Result<ServerInfo> server() override {
    const auto [id, url] = link_->server();
    std::unique_lock lock(mutex_);
    if (greeting_.id == id) {
      return ServerInfo{.name = greeting_.name, .version = greeting_.version, .url = url};
    }
    lock.unlock();
    if (link_->status() == ConnectionStatus::closed) return std::unexpected(is_closed());
    const auto address = address_of(url);
    if (!address) return std::unexpected(address.error());
    auto greeting = greet(*address, options_.connect_timeout);
    if (!greeting) return std::unexpected(std::move(greeting.error()));
    if (greeting->id != id) {
      return fail(Errc::unavailable,
                  concat("Behind ", url,
                         " are several servers, and another one answers than the "
                         "one that is connected to: give each its own URL."));
    }
    lock.lock();
    greeting_ = std::move(*greeting);
    return ServerInfo{.name = greeting_.name, .version = greeting_.version, .url = url};
  }

  void close() override {
    link_->set_closed();
    natsConnection_Close(connection_);
    retired_->finish();
  }

 private:
  Result<void> check(const Outgoing& message) const {
    if (auto ok = check_subject("subject", message.subject); !ok) return ok;
    if (!message.reply.empty()) {
      if (auto ok = check_subject("reply subject", message.reply); !ok) return ok;
    }
    for (const Header& header : message.headers) {
      if (auto ok = check_header(header.name, header.value); !ok) return ok;
    }
    const std::int64_t limit = link_->max_payload();
    if (std::cmp_less_equal(message.data.size(), limit)) return {};
    return std::unexpected(to_publish_error(NATS_MAX_PAYLOAD, message, limit));
  }

  natsStatus send(const Outgoing& message) {
    Texts& text = texts();
    text.subject = message.subject;
    text.reply = message.reply;
    if (!message.headers.empty()) return send_with_headers(connection_, message, text);
    const int size = static_cast<int>(message.data.size());
    if (text.reply.empty()) {
      return natsConnection_Publish(connection_, text.subject.c_str(), message.data.data(), size);
    }
    return natsConnection_PublishRequest(connection_, text.subject.c_str(), text.reply.c_str(),
                                         message.data.data(), size);
  }

  const ConnectOptions options_;
  const std::shared_ptr<Link> link_;
  natsConnection* const connection_;
  const std::shared_ptr<RetiredSubscriptions> retired_ = std::make_shared<RetiredSubscriptions>();
  std::mutex mutex_;  // guards greeting_
  Greeting greeting_;
};

std::string joined(const std::vector<std::string>& urls) {
  std::string text;
  for (const std::string& url : urls) text += (text.empty() ? "" : ", ") + url;
  return text;
}

// What libnats would say in riddles, or never: version 3.4.1 hangs where a server hangs up
// because it wants a certificate.
Result<void> check_tls(const ConnectOptions& options, const Greeting& greeting,
                       const std::string& url) {
  if (wants_tls(options) && !greeting.needs_tls) {
    return fail(Errc::invalid_argument, concat("TLS is asked for, and the NATS server at ", url,
                                               " has none: ask another server, or without TLS."));
  }
  if (greeting.needs_client_certificate && options.tls.cert_file.empty()) {
    return fail(Errc::invalid_argument,
                concat("The NATS server at ", url,
                       " wants to see a certificate: give a certificate's file and its key's."));
  }
  return {};
}

/// The first server that answers and that we can talk to; if there is none, what was wrong.
Result<Greeting> find_server(const ConnectOptions& options) {
  Error problem{.code = Errc::unavailable};
  for (const std::string& url : options.urls) {
    const auto address = address_of(url);
    if (!address) return std::unexpected(address.error());
    auto greeting = greet(*address, options.connect_timeout);
    Result<void> fit{};
    if (greeting) fit = check_tls(options, *greeting, url);
    if (greeting && fit) return greeting;
    const Error& error = greeting ? fit.error() : greeting.error();
    problem.message += problem.message.empty() ? "" : " ";
    problem.message += error.message;
    if (error.code != Errc::unavailable) problem.code = error.code;
  }
  return std::unexpected(std::move(problem));
}

Error to_connect_error(natsStatus status, const ConnectOptions& options) {
  const char* const last = nats_GetLastError(nullptr);
  const std::string text = last != nullptr && *last != '\0' ? last : natsStatus_GetText(status);
  const std::string where = joined(options.urls);
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return {.code = Errc::permission_denied,
              .message = concat("The NATS server at ", where, " refuses the login",
                                options.user.empty() ? "" : " of ",
                                options.user.empty() ? "" : quoted(options.user), " (", text,
                                "): check the name and the secret.")};
    case NATS_PROTOCOL_ERROR: {  // in place of an answer to the login there was none
      const bool has_shown = !options.tls.cert_file.empty();
      return {.code = has_shown ? Errc::permission_denied : Errc::unavailable,
              .message = concat("The NATS server at ", where, " has hung up during the login (",
                                text, has_shown ? "): does it trust our certificate?" : ").")};
    }
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_SECURE_CONNECTION_WANTED:
      return {.code = Errc::invalid_argument,
              .message = concat("TLS with the NATS server at ", where, " fails: ", text,
                                ": check the certificates and whom to trust.")};
    case NATS_INVALID_ARG:
    case NATS_ILLEGAL_STATE:
    case NATS_NOT_FOUND:
      return {.code = Errc::invalid_argument,
              .message = concat("Connecting to the NATS server at ", where, " fails: ", text,
                                ": check the credentials.")};
    default:
      return {.code = Errc::unavailable,
              .message = concat("Connecting to the NATS server at ", where, " fails: ", text, ".")};
  }
}

// libnats before 3.8 sends no signature if its first byte is 0: of 256 logins with a key one fails,
// by chance. Three in a row do so one time in 16 million. When it connects anew it tries twice.
natsStatus log_in(natsConnection** connection, natsOptions* client, const ConnectOptions& options) {
  constexpr int kTries = 3;
  const bool signs = !options.credentials_file.empty() || !options.nkey_seed_file.empty();
  natsStatus status = NATS_CONNECTION_AUTH_FAILED;
  for (int i = 0; i < (signs ? kTries : 1) && status == NATS_CONNECTION_AUTH_FAILED; ++i) {
    status = natsConnection_Connect(connection, client);
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<Transport>> Transport::connect(const ConnectOptions& given) {
  ConnectOptions options = given;
  if (auto ok = absorb_logins(options); !ok) return std::unexpected(std::move(ok.error()));
  if (auto ok = check_options(options); !ok) return std::unexpected(std::move(ok.error()));
  auto client = to_client_options(options);
  if (!client) return std::unexpected(std::move(client.error()));
  auto greeting = find_server(options);
  if (!greeting) return std::unexpected(std::move(greeting.error()));

  auto link = Link::make(options.log, escape_json(options.token));
  natsStatus status = link->register_callbacks(client->get());
  natsConnection* connection = nullptr;
  if (status == NATS_OK) status = log_in(&connection, client->get(), options);
  if (status != NATS_OK) return std::unexpected(to_connect_error(status, options));
  link->refresh(connection);
  return std::make_unique<LibnatsTransport>(std::move(options), std::move(link), connection,
                                            std::move(*greeting));
}

}  // namespace aether::nats
