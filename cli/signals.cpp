// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <pthread.h>

#include <csignal>

namespace aether::cli {
namespace {

constexpr int kEnd = SIGUSR1;  // ends the thread; from anyone else it means nothing

/// What the parent has ignored stays ignored: a shell does that to SIGINT for what it starts in the
/// background. Blocked, it would come through all the same.
bool is_ignored(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM}) {
    if (!is_ignored(signal)) sigaddset(&set, signal);
  }
  sigaddset(&set, kEnd);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { wait(); });
}

Signals::~Signals() {
  ending_ = true;
  pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
}

void Signals::wait() {
  const sigset_t set = watched();
  while (!ending_) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == kEnd) continue;
    if (caught_ == 0) {
      caught_ = signal;
      stop_.request_stop();
      came_.raise();
      continue;
    }
    // Twice: the user does not want to wait. This thread alone takes the signal, and it is fatal.
    sigset_t fatal;
    sigemptyset(&fatal);
    sigaddset(&fatal, signal);
    static_cast<void>(::raise(signal));
    pthread_sigmask(SIG_UNBLOCK, &fatal, nullptr);
  }
}

}  // namespace aether::cli
