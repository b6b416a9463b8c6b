// SPDX-License-Identifier: Apache-2.0
#include "aether/nats/options.hpp"
#include "core/text.hpp"
#include "nats/files.hpp"
#include "nats/url.hpp"

#include <simdjson.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

namespace aether::nats {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): only read
  return value != nullptr ? value : "";
}

Result<std::string> context_folder() {
  // The specification of XDG_CONFIG_HOME: a relative path is to be ignored.
  const std::string configuration = variable("XDG_CONFIG_HOME");
  if (configuration.starts_with('/')) return configuration + "/nats";
  const std::string home = variable("HOME");
  if (!home.empty()) return home + "/.config/nats";
  return fail(Errc::not_found,
              "There is no place for nats contexts: HOME and XDG_CONFIG_HOME are not set.");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Result<void> check_context_name(std::string_view name) {
  // As the tools have it: a name is a file's name.
  if (name.contains('/') || name.contains("..") || name.contains('\0')) {
    return fail(Errc::invalid_argument, concat("The nats context ", quoted(name),
                                               " has a name that could leave the contexts' folder: "
                                               "`nats context ls` shows the names there are."));
  }
  return check_name("nats context", name);
}

Result<std::string> selected_context(const std::string& folder) {
  constexpr std::string_view kRemedy =
      "no nats context is selected: give a name, or run `nats context select NAME`";
  auto text = read_small_file("selected nats context", folder + "/context.txt");
  if (!text && text.error().code == Errc::not_found) return fail(Errc::not_found, concat(kRemedy));
  if (!text) return text;
  const std::string_view name = trimmed(*text);
  if (name.empty()) return fail(Errc::not_found, concat(kRemedy));
  return std::string(name);
}

std::string expand_home(std::string_view path) {
  if (!path.starts_with("~/")) return std::string(path);
  return concat(variable("HOME"), path.substr(1));
}

struct Field {
  std::string_view key;
  std::string ConnectOptions::* target;
  bool is_path;
};
constexpr std::array kFields{
    Field{"user", &ConnectOptions::user, false},
    Field{"password", &ConnectOptions::password, false},
    Field{"token", &ConnectOptions::token, false},
    Field{"creds", &ConnectOptions::credentials_file, true},
    Field{"nkey", &ConnectOptions::nkey_seed_file, true},
    Field{"inbox_prefix", &ConnectOptions::inbox_prefix, false},
};
struct TlsField {
  std::string_view key;
  std::string TlsOptions::* target;
};
constexpr std::array kTlsFields{
    TlsField{"ca", &TlsOptions::ca_file},
    TlsField{"cert", &TlsOptions::cert_file},
    TlsField{"key", &TlsOptions::key_file},
};
// They change to whom or as whom one connects, or where streams are: not to be passed over.
constexpr std::array<std::string_view, 9> kUnsupported{
    "nsc",         "user_jwt",           "user_seed",
    "tls_first",   "jetstream_domain",   "jetstream_api_prefix",
    "socks_proxy", "windows_cert_store", "jetstream_event_prefix"};

// A setting that is "", false or absent is not set.
bool is_set(const simdjson::dom::object& object, std::string_view key) {
  const auto value = object[key];
  if (value.error() != simdjson::SUCCESS || value.is_null()) return false;
  if (value.is_string()) return !std::string_view(value.get_string().value_unsafe()).empty();
  if (value.is_bool()) return value.get_bool().value_unsafe();
  return true;
}

class ContextReader {
 public:
  ContextReader(std::string_view name, simdjson::dom::object object)
      : name_(name), object_(object) {}

  Result<ConnectOptions> read() {
    for (const std::string_view key : kUnsupported) {
      if (!is_set(object_, key)) continue;
      return fail(Errc::unsupported,
                  concat("The nats context ", quoted(name_), " sets ", quoted(key),
                         ", which is not supported here: use a context without it."));
    }
    std::string urls;
    ConnectOptions options;
    if (auto ok = take("url", urls); !ok) return std::unexpected(std::move(ok.error()));
    if (!urls.empty()) {
      auto parsed = parse_url(urls);
      if (!parsed) return parsed;
      options = std::move(*parsed);
    }
    for (const Field& field : kFields) {
      std::string value;
      if (auto ok = take(field.key, value); !ok) return std::unexpected(std::move(ok.error()));
      if (!value.empty()) options.*field.target = field.is_path ? expand_home(value) : value;
    }
    for (const TlsField& field : kTlsFields) {
      std::string value;
      if (auto ok = take(field.key, value); !ok) return std::unexpected(std::move(ok.error()));
      options.tls.*field.target = expand_home(value);
    }
    // As the tools understand it: a user without a password is a token.
    if (!options.user.empty() && options.password.empty() && options.token.empty()) {
      options.token = std::exchange(options.user, {});
    }
    return options;
  }

 private:
  Result<void> take(std::string_view key, std::string& out) {
    const auto value = object_[key];
    if (value.error() == simdjson::NO_SUCH_FIELD) return {};
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) {
      return fail(Errc::invalid_argument, concat("The nats context ", quoted(name_), " has a ",
                                                 quoted(key), " that is no text: mend its file."));
    }
    out = text;
    return {};
  }

  std::string_view name_;
  simdjson::dom::object object_;
};

}  // namespace

Result<ConnectOptions> load_context(std::string_view name) {
  auto folder = context_folder();
  if (!folder) return std::unexpected(std::move(folder.error()));
  std::string chosen(name);
  if (chosen.empty()) {
    auto selected = selected_context(*folder);
    if (!selected) return std::unexpected(std::move(selected.error()));
    chosen = std::move(*selected);
  }
  if (auto ok = check_context_name(chosen); !ok) return std::unexpected(std::move(ok.error()));
  const std::string path = concat(*folder, "/context/", chosen, ".json");
  const auto text = read_small_file("nats context", path);
  if (!text) return std::unexpected(text.error());
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(*text).get_object().get(object) != simdjson::SUCCESS) {
    return fail(Errc::invalid_argument,
                concat("The nats context ", quoted(path), " is no JSON object: mend the file."));
  }
  return ContextReader(chosen, object).read();
}

}  // namespace aether::nats
