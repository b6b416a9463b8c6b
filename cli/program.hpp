// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Runs the program under test as its users do.
namespace aether::cli::testing {

struct RunOptions {
  std::string program{};                             ///< another one than `aether`
  std::map<std::string, std::string> environment{};  ///< beside what the test itself has
  std::string input{};
  bool keep_input_open = false;     ///< standard input stays open: see `Program::send`
  bool output_to_terminal = false;  ///< 100 columns; standard output and standard error are one
  std::string output_file{};        ///< instead of a pipe
  std::string input_file{};         ///< instead of a pipe
  bool output_closed = false;
  bool as_nobody = false;  ///< without root's rights, where the test has them
};

struct Finished {
  std::string out;  ///< what a terminal showed, too
  std::string err;
  int exit_code = -1;  ///< -1: ended by `signal`
  int signal = 0;
};

/// A program that is running. What takes longer than a minute fails the test and is killed.
class Program {
 public:
  Program(const std::vector<std::string>& args, const RunOptions& options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads until the output (or, with `of_errors`, standard error) holds `text`.
  bool wait_for(std::string_view text, bool of_errors = false);

  void send(std::string_view input);
  void close_input();
  void close_output();  ///< as a reader does that goes away
  void signal(int signal) const;

  /// Sends the signal again and again, reading nothing, until the program has ended.
  [[nodiscard]] bool signal_until_ended(int signal) const;

  /// Reads all that is left.
  Finished finish();

 private:
  struct Stream {
    int fd = -1;
    std::string text;
  };
  bool read_once(int timeout_ms);
  static void read_some(Stream& stream);

  pid_t pid_ = -1;
  int input_ = -1;
  Stream out_;
  Stream err_;
};

[[nodiscard]] Finished run(const std::vector<std::string>& args, const RunOptions& options = {});

}  // namespace aether::cli::testing
