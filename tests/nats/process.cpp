// SPDX-License-Identifier: Apache-2.0
#include "nats/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <stdexcept>
#include <utility>

namespace aether::tests {
namespace {

// In a new process, where other threads may have left any lock held: system calls only.
[[noreturn]] void become(char* const* arguments, int log, pid_t parent) {
  constexpr int kCannotRun = 127;  // as shells say it
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(kCannotRun);
  if (dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0) _exit(kCannotRun);
  execv(arguments[0], arguments);
  _exit(kCannotRun);
}

// Whether `id` has ended (or what else `options` ask for); its remains stay, so that the id cannot
// be given to another process.
bool look(pid_t id, int options) {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOWAIT | options) != 0) {
    if (errno != EINTR) return true;
  }
  return info.si_pid == id;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::string& log_path) {
  std::vector<std::string> texts = command;
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) throw std::runtime_error("cannot write " + log_path);

  // The kernel kills the child when the thread that made it ends, and a test may call this in a
  // short-lived one. So the child has a thread of its own, which lives as long as the child.
  std::promise<pid_t> made;
  std::future<pid_t> id = made.get_future();
  parent_ = std::jthread([&arguments, log, self = getpid(), made = std::move(made)]() mutable {
    const pid_t child = fork();
    if (child == 0) become(arguments.data(), log, self);
    made.set_value(child);  // from here on the arguments may be gone
    if (child > 0) look(child, 0);
  });
  id_ = id.get();
  close(log);
  if (id_ < 0) throw std::runtime_error("cannot start " + command.front());
}

bool Process::has_ended() const { return is_reaped_ || look(id_, WNOHANG); }

void Process::send(int signal) const {
  if (!is_reaped_) kill(id_, signal);
}

void Process::stop() const {
  send(SIGSTOP);
  if (!is_reaped_) look(id_, WSTOPPED);
}

void Process::end(int signal) {
  if (is_reaped_) return;
  send(signal);
  send(SIGCONT);  // a stopped process would not hear of it
  parent_.join();
  waitpid(id_, nullptr, 0);
  is_reaped_ = true;
}

}  // namespace aether::tests
