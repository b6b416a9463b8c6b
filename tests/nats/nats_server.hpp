// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nats/loopback.hpp"
#include "nats/process.hpp"
#include "temporary_folder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aether::tests {

/// The oldest server that Aether works with, and the newest. script/nats-server fetches them.
enum class ServerVersion { v2_9, v2_15 };

/// "2.9": what script/nats-server calls it.
[[nodiscard]] std::string_view name_of(ServerVersion version);

struct ServerOptions {
  ServerVersion version = ServerVersion::v2_15;
  std::string name = "n1";
  bool jetstream = true;
  std::string jetstream_config{};  ///< inside the block of that name: "sync_interval: always"
  std::string config{};            ///< users, permissions, TLS, limits, as nats-server writes them
};

/// A real nats-server on 127.0.0.1, on ports and with a store of its own: any number of them may
/// run at once. Neither the process nor its files outlive this object; the process does not
/// outlive the test either, however that ends.
///
/// What starts it returns when it answers, and throws std::runtime_error, with its log, when it
/// does not. Its members may be called from any thread, but from one at a time.
class NatsServer {
 public:
  explicit NatsServer(ServerOptions options = {});

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const { return port_.number(); }
  [[nodiscard]] std::uint16_t monitor_port() const { return monitor_port_.number(); }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] pid_t pid() const { return process_->id(); }
  [[nodiscard]] bool is_running() const { return !process_->has_ended(); }

  /// SIGKILL: what the server had not written is gone.
  void kill_9() { process_->end(SIGKILL); }
  /// SIGTERM: the server says goodbye.
  void terminate() { process_->end(SIGTERM); }
  /// SIGSTOP: the server falls silent and keeps its connections.
  void stop_process() { process_->stop(); }
  void continue_process() { process_->send(SIGCONT); }
  /// Another one: SIGUSR2 for lame duck mode, SIGHUP to read its certificates again.
  void send(int signal) { process_->send(signal); }
  /// Starts it again, on the same ports and with what it stored; kills it first if it runs.
  void restart();
  /// The same, and another version takes over what is stored.
  void restart_as(ServerVersion version);

  /// What GET `path` gives at its monitoring port ("/varz", "/jsz"); nothing but for status 200.
  [[nodiscard]] std::optional<std::string> monitor(const std::string& path) const;
  /// All that it has logged since it was first started.
  [[nodiscard]] std::string log() const;

 private:
  void write_config() const;
  void start();
  [[nodiscard]] bool answers() const;

  ServerOptions options_;
  std::string program_;
  TemporaryFolder folder_{TemporaryFolder::Place::disk};
  HeldPort port_;
  HeldPort monitor_port_;
  std::optional<Process> process_;  // the last member: ends before its folder goes
};

}  // namespace aether::tests
