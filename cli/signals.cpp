// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <pthread.h>

#include <csignal>

namespace aether::cli {
namespace {

constexpr int kEnd = SIGUSR1;  // ends the thread; from anyone else it means nothing

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
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
