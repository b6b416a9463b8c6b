// SPDX-License-Identifier: Apache-2.0
#include "stores/nats_url.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace aether {
namespace {

using std::chrono::seconds;

constexpr std::string_view kForm = "write nats://HOST/NAMESPACE, as in nats://127.0.0.1/orders";

// A message holds nothing of the URL but what `shown_url` leaves: a piece that is misread may be
// one of a password.
std::unexpected<Error> bad_url(std::string_view text, std::string_view what) {
  return fail(Errc::invalid_argument, concat("the store ", shown_url(text), " ", what));
}

int hex_value(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto value = kDigits.find(lower);
  return value == std::string_view::npos ? -1 : static_cast<int>(value);
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

/// "90d", "12h", "30m", "45s"; "forever" is 0.
std::optional<seconds> parse_age(std::string_view text) {
  constexpr std::array<std::pair<char, std::int64_t>, 4> kUnits{
      {{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}}};
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
  if (text == "forever") return seconds(0);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end + 1 != text.data() + text.size() || count < 1) return {};
  for (const auto& [unit, length] : kUnits) {
    if (*end == unit && count <= kMost / length) return seconds(count * length);
  }
  return {};
}

std::optional<unsigned> parse_replicas(std::string_view text) {
  constexpr std::array<std::string_view, 3> kChoices{"1", "3", "5"};
  if (std::ranges::find(kChoices, text) == kChoices.end()) return {};
  return static_cast<unsigned>(text.front() - '0');
}

Result<void> apply_setting(NatsUrl& url, std::string_view key, std::string value,
                           std::string_view text) {
  struct Text {
    std::string_view key;
    std::string NatsUrl::* target;
  };
  constexpr std::array kTexts{Text{"creds", &NatsUrl::credentials_file},
                              Text{"nkey", &NatsUrl::nkey_seed_file},
                              Text{"ca", &NatsUrl::ca_file},
                              Text{"cert", &NatsUrl::cert_file},
                              Text{"key", &NatsUrl::key_file},
                              Text{"inbox", &NatsUrl::inbox_prefix}};
  const std::string twice = "has a setting twice: give it once";
  if (value.empty()) return bad_url(text, "has a setting without a value: write SETTING=VALUE");
  for (const Text& one : kTexts) {
    if (key != one.key) continue;
    if (!(url.*one.target).empty()) return bad_url(text, twice);
    url.*one.target = std::move(value);
    return {};
  }
  if (key == "replicas") {
    if (url.replicas) return bad_url(text, twice);
    url.replicas = parse_replicas(value);
    if (!url.replicas) return bad_url(text, "has replicas other than 1, 3 or 5");
    return {};
  }
  if (key == "max_age") {
    if (url.max_age) return bad_url(text, twice);
    url.max_age = parse_age(value);
    if (!url.max_age) {
      return bad_url(text, "has a max_age that is no time such as 365d, 12h or forever");
    }
    return {};
  }
  if (key == "broadcast") {
    if (url.broadcast) return bad_url(text, twice);
    if (value != "true" && value != "false") {
      return bad_url(text, "has a broadcast other than true or false");
    }
    url.broadcast = value == "true";
    return {};
  }
  return bad_url(text,
                 "has a setting that is unknown: there are creds, nkey, ca, cert, key, inbox, "
                 "replicas, max_age and broadcast");
}

Result<void> apply_settings(NatsUrl& url, std::string_view query, std::string_view text) {
  while (!query.empty()) {
    query.remove_prefix(1);  // '?' or '&'
    const auto setting = query.substr(0, query.find('&'));
    query.remove_prefix(setting.size());
    const auto equals = std::min(setting.find('='), setting.size());
    auto value = percent_decode(setting.substr(std::min(equals + 1, setting.size())));
    if (!value) return bad_url(text, "has a '%' that is no percent-encoding: write it %25");
    if (auto ok = apply_setting(url, setting.substr(0, equals), std::move(*value), text); !ok) {
      return ok;
    }
  }
  return {};
}

/// "//USER:PASSWORD@A,B" → "nats://USER:PASSWORD@A,nats://B".
Result<std::string> parse_servers(std::string_view scheme, std::string_view authority,
                                  std::string_view text) {
  const auto at = authority.rfind('@');
  const auto login =
      at == std::string_view::npos ? std::string_view{} : authority.substr(0, at + 1);
  if (login.contains(',')) {
    return bad_url(text,
                   "has a ',' before its '@': the login comes first, for all servers, and a ',' "
                   "in it is written %2C");
  }
  std::string_view hosts = authority.substr(login.size());
  std::string servers;
  for (bool more = true; more;) {
    const auto comma = hosts.find(',');
    const auto host = hosts.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) hosts.remove_prefix(comma + 1);
    if (host.empty()) return bad_url(text, "lacks a server: " + std::string(kForm));
    if (servers.empty()) {
      servers.append(scheme).append("://").append(login).append(host);
    } else {
      servers.append(",").append(scheme).append("://").append(host);
    }
  }
  return servers;
}

Result<Namespace> parse_name_space(std::string_view name, std::string_view text) {
  if (name.empty()) return bad_url(text, "names no namespace: " + std::string(kForm));
  return Namespace::parse(name);
}

/// Behind "nats://".
Result<NatsUrl> parse_with_servers(std::string_view scheme, std::string_view rest,
                                   std::string_view text) {
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  if (rest.contains('@')) {
    return bad_url(text,
                   "has an '@' behind a '/', '?' or '#': in a login these are written %2F, %3F "
                   "and %23, and an '@' in a setting %40");
  }
  auto servers = parse_servers(scheme, authority, text);
  if (!servers) return std::unexpected(std::move(servers.error()));
  if (rest.starts_with("//")) {
    return bad_url(text,
                   "has a second scheme: further servers come without one, as in "
                   "nats://HOST1,HOST2/NAMESPACE");
  }
  const auto path = rest.substr(0, rest.find('?'));
  auto name_space = parse_name_space(path.starts_with('/') ? path.substr(1) : "", text);
  if (!name_space) return std::unexpected(std::move(name_space.error()));
  NatsUrl url{.servers = std::move(*servers), .name_space = std::move(*name_space)};
  if (auto ok = apply_settings(url, rest.substr(path.size()), text); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return url;
}

/// Behind "nats:".
Result<NatsUrl> parse_with_context(std::string_view rest, std::string_view text) {
  if (rest.contains('@')) {
    return bad_url(text, "has an '@', and no \"//\" before its server: " + std::string(kForm));
  }
  const auto path = rest.substr(0, rest.find('?'));
  const auto slash = path.rfind('/');
  const bool is_named = slash != std::string_view::npos;
  if (slash == 0) return bad_url(text, "names no context before its '/': " + std::string(kForm));
  auto name_space = parse_name_space(path.substr(is_named ? slash + 1 : 0), text);
  if (!name_space) return std::unexpected(std::move(name_space.error()));
  NatsUrl url{.context = std::string(is_named ? path.substr(0, slash) : std::string_view{}),
              .name_space = std::move(*name_space)};
  if (auto ok = apply_settings(url, rest.substr(path.size()), text); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return url;
}

}  // namespace

Result<NatsUrl> parse_nats_url(std::string_view text) {
  const auto colon = text.find(':');
  const auto scheme = text.substr(0, colon);
  const auto rest = text.substr(std::min(colon, text.size() - 1) + 1);
  if (rest.starts_with("//")) return parse_with_servers(scheme, rest.substr(2), text);
  if (scheme == "nats") return parse_with_context(rest, text);
  return bad_url(text, "names no server: write tls://HOST/NAMESPACE");
}

}  // namespace aether
