// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace aether::tests {

/// A child process that ends with this object, or with the test's process, however that ends.
class Process {
 public:
  /// Runs `command`, a program's path and its arguments; what it prints is added to `log_path`.
  Process(const std::vector<std::string>& command, const std::string& log_path);
  ~Process() { end(SIGKILL); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t id() const { return id_; }
  [[nodiscard]] bool has_ended() const;
  void send(int signal) const;
  /// SIGSTOP; returns when it has stopped, which takes a moment for one with several threads.
  void stop() const;
  /// Sends `signal` and returns when the process has ended; from then on its id means nothing.
  void end(int signal);

 private:
  pid_t id_ = -1;
  bool is_reaped_ = false;
  std::jthread parent_;
};

}  // namespace aether::tests
