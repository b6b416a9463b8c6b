// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/nats_server.hpp"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace aether::tests {

/// docs/nats-permissions.conf, as it is, and with changes. A user's password is its name.
class PermissionFile {
 public:
  PermissionFile() {
    std::ostringstream text;
    text << std::ifstream(AETHER_SOURCE_DIR "/docs/nats-permissions.conf").rdbuf();
    text_ = std::move(text).str();
    if (text_.empty()) throw std::runtime_error("there is no docs/nats-permissions.conf");
  }

  /// As it is, but for the passwords: an account.
  [[nodiscard]] std::string text() const {
    static const std::regex user(R"re(user: "(\w+)", password: \$\w+)re");
    return std::regex_replace(text_, user, R"re(user: "$1", password: "$1")re");
  }
  /// A server's configuration with this account.
  [[nodiscard]] std::string config() const { return "accounts {\n" + text() + "}\n"; }

  /// The account for another namespace.
  [[nodiscard]] PermissionFile for_namespace(const std::string& name) const {
    PermissionFile file = *this;
    std::string account = name;
    for (char& letter : account) letter = static_cast<char>(std::toupper(letter));
    file.text_ = std::regex_replace(std::regex_replace(text_, std::regex("orders"), name),
                                    std::regex("ORDERS"), account);
    return file;
  }

  /// What a user may publish to ("publish") or subscribe to, in the order of the file.
  [[nodiscard]] std::vector<std::string> rights(const std::string& user,
                                                const std::string& kind) const {
    const std::string list = block(user, kind);
    static const std::regex right(R"re(\n\s*"([^"]+)")re");
    std::vector<std::string> rights;
    for (std::sregex_iterator next(list.begin(), list.end(), right), end; next != end; ++next) {
      rights.push_back((*next)[1]);
    }
    return rights;
  }

  /// Another user, "as_<number>", with all rights of `user` but one.
  void add_user_without(const std::string& user, const std::string& right, std::size_t number) {
    const std::size_t begin = text_.rfind("    {\n", text_.find("user: \"" + user + '"'));
    const std::string_view closing = "\n    }\n";
    const std::size_t end = text_.find(closing, begin) + closing.size();
    std::string copy = text_.substr(begin, end - begin);
    const std::size_t line = copy.find("\n          \"" + right + '"');
    if (line == std::string::npos) throw std::runtime_error(user + " has no right " + right);
    copy.erase(line, copy.find('\n', line + 1) - line);
    const std::string name = "user: \"" + user + '"';
    copy.replace(copy.find(name), name.size(), "user: \"as_" + std::to_string(number) + '"');
    text_.insert(end, copy);
  }

  /// Puts the users of `other` into our account.
  void add_users_of(const PermissionFile& other) {
    constexpr std::string_view kBegin = "  users: [\n";
    constexpr std::string_view kEnd = "\n  ]\n";
    const std::size_t begin = other.text_.find(kBegin) + kBegin.size();
    text_.insert(text_.find(kEnd) + 1,
                 other.text_.substr(begin, other.text_.find(kEnd) + 1 - begin));
  }

 private:
  [[nodiscard]] std::string block(const std::string& user, const std::string& kind) const {
    std::size_t begin = text_.find("user: \"" + user + '"');
    begin = text_.find(kind + ": { allow: [", begin);
    if (begin == std::string::npos) throw std::runtime_error("no rights of " + user);
    return text_.substr(begin, text_.find("] }", begin) - begin);
  }

  std::string text_;
};

}  // namespace aether::tests
