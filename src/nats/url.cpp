// SPDX-License-Identifier: Apache-2.0
#include "nats/url.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace aether::nats {
namespace {

constexpr std::size_t kMaxHostBytes = 253;  // of a name in DNS

struct Login {
  std::string user;
  std::string password;
  std::string token;
};

struct Parts {
  std::string_view scheme = "nats";
  std::string_view login{};
  bool has_login = false;
  std::string_view place{};  // host and port
};

// The last '@' ends the login: a password may hold one, a host cannot.
Parts split(std::string_view url) {
  Parts parts;
  if (const std::size_t end = url.find("://"); end != std::string_view::npos) {
    parts.scheme = url.substr(0, end);
    url.remove_prefix(end + 3);
  }
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    parts.login = url.substr(0, at);
    parts.has_login = true;
    url.remove_prefix(at + 1);
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  parts.place = url;
  return parts;
}

// Says nothing of what stands before '@': that may be a password.
std::unexpected<Error> bad_url(const Parts& parts, std::string_view what) {
  return fail(Errc::invalid_argument,
              concat("The server's URL for ", quoted(parts.place), " ", what,
                     ": give one like nats://host:4222 or tls://host:4222."));
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHostBytes && std::ranges::all_of(host, [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

bool is_ipv6(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHostBytes && std::ranges::all_of(host, [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == ':' || c == '%';
  });
}

Result<ServerAddress> to_address(const Parts& parts) {
  if (parts.scheme == "ws" || parts.scheme == "wss") {
    return fail(Errc::unsupported, concat("The server's URL for ", quoted(parts.place),
                                          " is one for websockets: use nats:// or tls://."));
  }
  if (parts.scheme != "nats" && parts.scheme != "tls") {
    return bad_url(parts, "has an unknown scheme");
  }
  ServerAddress address{.host = {}, .tls = parts.scheme == "tls"};
  std::string_view place = parts.place;
  const bool in_brackets = place.starts_with('[');
  const std::size_t end = in_brackets ? place.find(']') : place.find(':');
  if (in_brackets && end == std::string_view::npos) return bad_url(parts, "lacks a ']'");
  address.host = place.substr(in_brackets ? 1 : 0, in_brackets ? end - 1 : end);
  if (!(in_brackets ? is_ipv6(address.host) : is_host(address.host))) {
    return bad_url(parts, "has no proper host");
  }
  place.remove_prefix(std::min(place.size(), in_brackets ? end + 1 : end));
  if (place.empty()) return address;
  const char* const last = place.data() + place.size();
  const auto [stopped, error] = std::from_chars(place.data() + 1, last, address.port);
  if (place.front() != ':' || error != std::errc() || stopped != last || address.port == 0) {
    return bad_url(parts, "has no proper port");
  }
  return address;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// False: a '%' without two hexadecimal digits behind it.
bool percent_decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

Result<Login> to_login(const Parts& parts) {
  Login login;
  const std::size_t colon = parts.login.find(':');
  const bool is_token = colon == std::string_view::npos;
  const bool is_proper = is_token
                             ? percent_decode(parts.login, login.token)
                             : percent_decode(parts.login.substr(0, colon), login.user) &&
                                   percent_decode(parts.login.substr(colon + 1), login.password);
  if (!is_proper) return bad_url(parts, "has a login with a '%' that is no percent-encoding");
  if (is_token ? login.token.empty() : login.user.empty()) {
    return bad_url(parts, "has an empty login before its '@'");
  }
  return login;
}

bool merge(std::string& into, std::string value) {
  if (value.empty() || into == value) return true;
  if (!into.empty()) return false;
  into = std::move(value);
  return true;
}

}  // namespace

std::string ServerAddress::url() const {
  const bool is_ipv6_address = host.contains(':');
  return concat(tls ? "tls://" : "nats://", is_ipv6_address ? "[" : "", host,
                is_ipv6_address ? "]" : "", ":", port);
}

Result<ServerAddress> address_of(std::string_view url) { return to_address(split(url)); }

Result<void> absorb_logins(ConnectOptions& options) {
  if (options.urls.empty()) {
    return fail(Errc::invalid_argument,
                "No server's URL is given: give one like nats://host:4222.");
  }
  for (std::string& url : options.urls) {
    const std::string given = std::exchange(url, {});
    const Parts parts = split(given);
    const auto address = to_address(parts);
    if (!address) return std::unexpected(address.error());
    url = address->url();
    if (!parts.has_login) continue;
    auto login = to_login(parts);
    if (!login) return std::unexpected(std::move(login.error()));
    const bool is_one_login = merge(options.user, std::move(login->user)) &&
                              merge(options.password, std::move(login->password)) &&
                              merge(options.token, std::move(login->token));
    if (!is_one_login) {
      return bad_url(parts, "has another login than was given before; one is used for all servers");
    }
  }
  return {};
}

Result<ConnectOptions> parse_url(std::string_view urls) {
  ConnectOptions options;
  options.urls.clear();
  for (bool more = true; more;) {
    const std::size_t comma = urls.find(',');
    std::string_view url = urls.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) urls.remove_prefix(comma + 1);
    while (url.starts_with(' ')) url.remove_prefix(1);
    while (url.ends_with(' ')) url.remove_suffix(1);
    options.urls.emplace_back(url);
  }
  if (auto ok = absorb_logins(options); !ok) return std::unexpected(std::move(ok.error()));
  return options;
}

}  // namespace aether::nats
