// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/nats_server.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>

namespace aether::tests {

/// For INSTANTIATE_TEST_SUITE_P: every server that Aether must work with, by name.
inline const auto kVersions = ::testing::Values(ServerVersion::v2_9, ServerVersion::v2_15);
inline std::string version_name(const ::testing::TestParamInfo<ServerVersion>& info) {
  return info.param == ServerVersion::v2_9 ? "Oldest" : "Newest";
}

/// Sends a request as text over TCP, with no library whose faults could hide a server's. Gives the
/// reply, or the server's error line, or nothing after a long silence. `login` is part of the
/// JSON object that a client sends first: `"user": "red", "pass": "secret"`.
inline std::string request(const NatsServer& server, const std::string& subject,
                           const std::string& payload = "", const std::string& login = "") {
  auto connection = Connection::to(server.port());
  if (!connection) return "";
  const std::string options = R"("verbose": false)" + (login.empty() ? "" : ", " + login);
  connection->write("CONNECT {" + options + "}\r\nSUB inbox 1\r\nPUB " + subject + " inbox " +
                    std::to_string(payload.size()) + "\r\n" + payload + "\r\n");
  while (auto line = connection->read_line()) {
    if (line->starts_with("-ERR")) return *line;
    if (line->starts_with("MSG ")) return connection->read_line().value_or("");
  }
  return "";
}

/// Sets a variable of the environment while it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

inline bool is_process(pid_t pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

}  // namespace aether::tests
