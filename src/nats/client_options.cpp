// SPDX-License-Identifier: Apache-2.0
#include "nats/client_options.hpp"

#include "core/text.hpp"
#include "nats/files.hpp"
#include "nats/nkey.hpp"
#include "nats/subjects.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace aether::nats {
namespace {

constexpr int kMaxPingsOut = 2;

// Threads that call message handlers, in the whole program: made as subscriptions are, each of
// which stays on one. Handlers are quick, so that few do; with a single one a program's connections
// would wait for each other.
constexpr int kDeliveryThreads = 4;

Result<void> check_duration(std::string_view what, std::chrono::milliseconds value,
                            std::chrono::milliseconds least) {
  constexpr std::chrono::hours kMost{24};  // libnats counts in int
  if (value >= least && value <= kMost) return {};
  return fail(Errc::invalid_argument, concat("The ", what, " of ", value.count(), " ms is not ",
                                             least.count(), " ms to 24 hours: mend it."));
}

Result<void> check_durations(const ConnectOptions& options) {
  constexpr std::chrono::milliseconds kOne{1};
  constexpr std::chrono::milliseconds kNone{0};
  for (const auto& [what, value, least] :
       {std::tuple{"connect timeout", options.connect_timeout, kOne},
        std::tuple{"request timeout", options.request_timeout, kOne},
        std::tuple{"write timeout", options.write_timeout, kOne},
        std::tuple{"ping interval", options.ping_interval, kOne},
        std::tuple{"reconnect wait", options.reconnect.wait, kNone},
        std::tuple{"reconnect jitter", options.reconnect.jitter, kNone}}) {
    if (auto ok = check_duration(what, value, least); !ok) return ok;
  }
  return {};
}

// Never with the value in the message: it may be a password.
Result<void> check_secret(std::string_view what, std::string_view value) {
  if (is_valid_utf8(value) &&
      std::ranges::none_of(value, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; })) {
    return {};
  }
  return fail(Errc::invalid_argument,
              concat("The ", what, " holds a control character, or is not UTF-8: mend it."));
}

Result<void> check_login(const ConnectOptions& options) {
  const bool has_user = !options.user.empty() || !options.password.empty();
  const int ways = static_cast<int>(has_user) + static_cast<int>(!options.token.empty()) +
                   static_cast<int>(!options.credentials_file.empty()) +
                   static_cast<int>(!options.nkey_seed_file.empty());
  if (ways > 1) {
    return fail(Errc::invalid_argument,
                "More than one way to log in is given: choose user and password, a token, a "
                "credentials file or a seed file.");
  }
  if (has_user && options.user.empty()) {
    return fail(Errc::invalid_argument, "A password is given without a user: name the user.");
  }
  for (const auto& [what, value] :
       {std::pair{"user", &options.user}, std::pair{"password", &options.password},
        std::pair{"token", &options.token}}) {
    if (auto ok = check_secret(what, *value); !ok) return ok;
  }
  return {};
}

Error client_error(natsStatus status, std::string_view doing) {
  const char* const text = nats_GetLastError(nullptr);
  return {.code = Errc::invalid_argument,
          .message = concat(doing, " failed: ", natsStatus_GetText(status),
                            text != nullptr && *text != '\0' ? ": " : "",
                            text != nullptr ? text : "", ".")};
}

// Sets one option after another; after the first failure it does nothing more.
class Setter {
 public:
  explicit Setter(natsOptions* options) : options_(options) {}

  template <class Function, class... Args>
  Setter& set(std::string_view doing, Function function, Args... args) {
    if (!error_.message.empty()) return *this;
    const natsStatus status = function(options_, args...);
    if (status != NATS_OK) error_ = client_error(status, doing);
    return *this;
  }

  /// Says clearer than libnats what is wrong with a file.
  Setter& need_file(std::string_view what, const std::string& path) {
    if (!error_.message.empty()) return *this;
    if (auto text = read_small_file(what, path); !text) error_ = std::move(text.error());
    return *this;
  }

  Setter& need(Result<void> result) {
    if (error_.message.empty() && !result) error_ = std::move(result.error());
    return *this;
  }

  [[nodiscard]] Result<void> result() const {
    if (error_.message.empty()) return {};
    return std::unexpected(error_);
  }

 private:
  natsOptions* options_;
  Error error_{};
};

// libnats looks into the file only while it connects, and then calls what it misses "not found".
Result<void> check_credentials(const std::string& path) {
  const auto text = read_small_file("credentials file", path);
  if (!text) return std::unexpected(text.error());
  if (text->contains("BEGIN NATS USER JWT") && public_key_of_seed(*text)) return {};
  return fail(Errc::invalid_argument,
              concat("The credentials file ", quoted(path),
                     " does not hold a user's JWT and nkey seed, as `nsc` writes them."));
}

void set_login(Setter& setter, const ConnectOptions& options) {
  constexpr std::string_view kDoing = "Setting the login";
  if (!options.user.empty()) {
    setter.set(kDoing, natsOptions_SetUserInfo, escape_json(options.user).c_str(),
               escape_json(options.password).c_str());
  }
  if (!options.credentials_file.empty()) {
    setter.need(check_credentials(options.credentials_file))
        .set(kDoing, natsOptions_SetUserCredentialsFromFiles, options.credentials_file.c_str(),
             nullptr);
  }
  if (!options.nkey_seed_file.empty()) {
    const auto seed = read_small_file("seed file", options.nkey_seed_file);
    const auto key = seed ? public_key_of_seed(*seed) : std::unexpected(seed.error());
    if (!key) {
      setter.need(std::unexpected(key.error()));
      return;
    }
    setter.set(kDoing, natsOptions_SetNKeyFromSeed, key->c_str(), options.nkey_seed_file.c_str());
  }
}

void set_tls(Setter& setter, const ConnectOptions& options) {
  if (!wants_tls(options)) return;
  const TlsOptions& tls = options.tls;
  setter.set("Asking for TLS", natsOptions_SetSecure, true);
  if (!tls.ca_file.empty()) {
    setter.need_file("file of certificate authorities", tls.ca_file)
        .set("Loading the certificate authorities", natsOptions_LoadCATrustedCertificates,
             tls.ca_file.c_str());
  }
  if (!tls.cert_file.empty()) {
    setter.need_file("certificate file", tls.cert_file)
        .need_file("file of the certificate's key", tls.key_file)
        .set("Loading the certificate and its key", natsOptions_LoadCertificatesChain,
             tls.cert_file.c_str(), tls.key_file.c_str());
  }
  if (!tls.hostname.empty()) {
    setter.set("Setting the TLS host name", natsOptions_SetExpectedHostname, tls.hostname.c_str());
  }
  if (!tls.verify) {
    setter.set("Trusting any certificate", natsOptions_SkipServerVerification, true);
  }
}

void set_behaviour(Setter& setter, const ConnectOptions& options) {
  constexpr std::string_view kDoing = "Setting an option";
  std::vector<const char*> urls;
  urls.reserve(options.urls.size());
  for (const std::string& url : options.urls) urls.push_back(url.c_str());
  const ReconnectOptions& reconnect = options.reconnect;
  const std::int64_t jitter = reconnect.jitter.count();
  setter.set(kDoing, natsOptions_SetServers, urls.data(), static_cast<int>(urls.size()))
      .set(kDoing, natsOptions_SetName, escape_json(options.name).c_str())
      .set(kDoing, natsOptions_SetTimeout, options.connect_timeout.count())
      .set(kDoing, natsOptions_SetPingInterval, options.ping_interval.count())
      .set(kDoing, natsOptions_SetMaxPingsOut, kMaxPingsOut)
      // Also what makes libnats shut a connection that is stuck in the middle of a message.
      .set(kDoing, natsOptions_SetWriteDeadline, options.write_timeout.count())
      .set(kDoing, natsOptions_SetSendAsap, options.send_asap)
      .set(kDoing, natsOptions_SetAllowReconnect, reconnect.max_attempts != 0)
      .set(kDoing, natsOptions_SetMaxReconnect, reconnect.max_attempts)
      .set(kDoing, natsOptions_SetReconnectWait, reconnect.wait.count())
      .set(kDoing, natsOptions_SetReconnectJitter, jitter, jitter)
      // Without it each subscription has a thread of its own.
      .set(kDoing, natsOptions_UseGlobalMessageDelivery, true)
      // Nothing is kept for later while there is no connection: who publishes then hears at once
      // that nothing was done.
      .set(kDoing, natsOptions_SetReconnectBufSize, 0);
}

}  // namespace

Result<void> check_options(const ConnectOptions& options) {
  if (auto ok = check_inbox_prefix(options.inbox_prefix); !ok) return ok;
  if (auto ok = check_name("name of the connection", options.name); !ok) return ok;
  if (auto ok = check_durations(options); !ok) return ok;
  if (auto ok = check_login(options); !ok) return ok;
  const TlsOptions& tls = options.tls;
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return fail(Errc::invalid_argument,
                "Of the TLS certificate's file and its key's only one is given: give both.");
  }
  if (!tls.hostname.empty()) return check_name("TLS host name", tls.hostname);
  return {};
}

Result<ClientOptions> to_client_options(const ConnectOptions& options) {
  natsOptions* made = nullptr;
  // For the whole program, and never fewer than there are.
  natsStatus status = nats_SetMessageDeliveryPoolSize(kDeliveryThreads);
  if (status == NATS_OK) status = natsOptions_Create(&made);
  if (status != NATS_OK) {
    return fail(Errc::unavailable,
                concat("libnats cannot be started: ", natsStatus_GetText(status), "."));
  }
  ClientOptions client(made);
  Setter setter(made);
  set_behaviour(setter, options);
  set_login(setter, options);
  set_tls(setter, options);
  if (auto ok = setter.result(); !ok) return std::unexpected(std::move(ok.error()));
  return client;
}

std::string escape_json(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

bool wants_tls(const ConnectOptions& options) {
  return options.tls != TlsOptions{} ||
         std::ranges::any_of(options.urls,
                             [](const std::string& url) { return url.starts_with("tls://"); });
}

}  // namespace aether::nats
