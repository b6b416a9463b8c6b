// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace aether::cli::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) ADD_FAILURE() << "no pipe";
  return {.read = ends[0], .write = ends[1]};
}

/// For root where /dev/pts is not mounted, as in a bare tree: mounts one that only the thread sees.
Pipe make_terminal_of_our_own() {
  Pipe ends;
  std::thread([&ends] {
    std::string folder = (std::filesystem::temp_directory_path() / "aether-pts-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return;
    int unlock = 0;
    if (::unshare(CLONE_NEWNS) != 0) return;
    ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);  // fails where / is a chroot's
    if (::mount("devpts", folder.c_str(), "devpts", 0, "newinstance,ptmxmode=0600") == 0) {
      ends.read = ::open((folder + "/ptmx").c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
      if (::ioctl(ends.read, TIOCSPTLCK, &unlock) == 0) {
        ends.write = ::ioctl(ends.read, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
      }
      ::umount2(folder.c_str(), MNT_DETACH);
    }
    ::rmdir(folder.c_str());
  }).join();
  return ends;
}

Pipe make_terminal() {
  Pipe ends;
  const winsize size{.ws_row = 40, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::openpty(&ends.read, &ends.write, nullptr, nullptr, &size) != 0) {
    ends = make_terminal_of_our_own();
    if (::ioctl(ends.write, TIOCSWINSZ, &size) != 0) {
      ADD_FAILURE() << "there is no terminal to be had: mount /dev/pts";
    }
  }
  ::fcntl(ends.read, F_SETFD, FD_CLOEXEC);
  ::fcntl(ends.write, F_SETFD, FD_CLOEXEC);
  return ends;
}

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

/// The test's own environment, but for what changes how the program behaves.
std::vector<std::string> environment_of(const RunOptions& options) {
  auto variables = options.environment;
  variables.emplace("TERM", "xterm-256color");
  std::vector<std::string> texts;
  texts.reserve(variables.size());
  for (const auto& [name, value] : variables) texts.emplace_back(name).append("=").append(value);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const auto name = text.substr(0, text.find('='));
    if (name == "AETHER_STORE" || name == "NO_COLOR" || variables.contains(name)) continue;
    texts.push_back(text);
  }
  return texts;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Program::Program(const std::vector<std::string>& args, const RunOptions& options) {
  // Here, not in the program: it may end before it has read its input.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  Pipe in = make_pipe();
  Pipe out = options.output_to_terminal ? make_terminal() : make_pipe();
  Pipe err = options.output_to_terminal ? Pipe{} : make_pipe();

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (options.input_file.empty()) {
    posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, options.input_file.c_str(), O_RDONLY,
                                     0);
  }
  if (options.output_closed) {
    posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO);
  } else if (options.output_file.empty()) {
    posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, options.output_file.c_str(), O_WRONLY,
                                     0);
  }
  posix_spawn_file_actions_adddup2(&actions, err.write >= 0 ? err.write : out.write, STDERR_FILENO);

  std::vector<std::string> arguments{options.program.empty() ? AETHER_PROGRAM : options.program};
  if (options.as_nobody && ::geteuid() == 0) {
    arguments = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                 AETHER_PROGRAM};
  }
  const std::string command = arguments.front();
  arguments.insert(arguments.end(), args.begin(), args.end());
  auto environment = environment_of(options);
  const int error = ::posix_spawn(&pid_, command.c_str(), &actions, &attributes,
                                  pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) pid_ = -1;

  close_fd(in.read);
  close_fd(out.write);
  close_fd(err.write);
  input_ = in.write;
  out_.fd = out.read;
  err_.fd = err.read;
  if (!options.input.empty()) send(options.input);
  if (!options.keep_input_open) close_input();
}

Program::~Program() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_fd(input_);
  close_fd(out_.fd);
  close_fd(err_.fd);
}

void Program::read_some(Stream& stream) {
  std::array<char, 4096> chunk{};
  const ssize_t count = ::read(stream.fd, chunk.data(), chunk.size());
  if (count > 0) {
    stream.text.append(chunk.data(), static_cast<std::size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    close_fd(stream.fd);  // a terminal ends with EIO
  }
}

bool Program::read_once(int timeout_ms) {
  std::array<pollfd, 2> fds{pollfd{.fd = out_.fd, .events = POLLIN, .revents = 0},
                            pollfd{.fd = err_.fd, .events = POLLIN, .revents = 0}};
  if (::poll(fds.data(), fds.size(), timeout_ms) <= 0) return false;
  if (fds[0].revents != 0) read_some(out_);
  if (fds[1].revents != 0) read_some(err_);
  return true;
}

bool Program::wait_for(std::string_view text, bool of_errors) {
  const Stream& stream = of_errors ? err_ : out_;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!stream.text.contains(text)) {
    if (stream.fd < 0 || std::chrono::steady_clock::now() > deadline) return false;
    read_once(100);
  }
  return true;
}

void Program::send(std::string_view input) {
  while (!input.empty()) {
    // The program may be waiting for us to read, or not want to read any more.
    pollfd ready{.fd = input_, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) > 0) {
      const ssize_t count =
          ::write(input_, input.data(), std::min<std::size_t>(input.size(), 4096));
      if (count < 0 && errno != EINTR) return;
      if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
    } else {
      read_once(10);
    }
  }
}

void Program::close_input() { close_fd(input_); }

void Program::close_output() { close_fd(out_.fd); }

void Program::signal(int signal) const { ::kill(pid_, signal); }

bool Program::signal_until_ended(int signal) const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    ::kill(pid_, signal);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == pid_) return true;
    ::poll(nullptr, 0, 1);  // two pending signals of a kind are one: let the first be taken
  }
  return false;
}

Finished Program::finish() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto late = [&] { return std::chrono::steady_clock::now() > deadline; };
  while ((out_.fd >= 0 || err_.fd >= 0) && !late()) read_once(100);
  int status = 0;
  pid_t ended = 0;
  while (pid_ > 0 && (ended = ::waitpid(pid_, &status, WNOHANG)) == 0 && !late()) {
    ::poll(nullptr, 0, 1);  // its streams are closed: it ends any moment
  }
  Finished finished{.out = out_.text, .err = err_.text};
  if (ended != pid_ || pid_ <= 0) {
    ADD_FAILURE() << "the program did not end (or did not start): " << out_.text << err_.text;
    return finished;
  }
  pid_ = -1;
  if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  return finished;
}

Finished run(const std::vector<std::string>& args, const RunOptions& options) {
  return Program(args, options).finish();
}

}  // namespace aether::cli::testing
