# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Sourced by the scripts beside it: their voice, their last words, and the machine's measure.
# Sets the working folder to the top of the project.

set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

script_name=$(basename "$0")
doing="starting"                  # what a failure interrupts
remedy="Read the last lines above; they name the cause."

# All of this goes to stderr: stdout belongs to the programs that a script runs.
step() {
  doing=$1
  printf '>> %s\n' "$1" >&2
}
note() { printf '   %s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "$script_name" "$*" >&2
  exit 1
}

on_failure() {
  local status=$?
  trap - ERR
  printf '%s: failed (exit %d) while: %s\n' "$script_name" "$status" "$doing" >&2
  printf '%s: %s\n' "$script_name" "$remedy" >&2
  exit "$status"
}
trap on_failure ERR

# A heavy source file needs up to 1.5 GB to compile, so memory bounds the jobs as processors do.
job_count() {
  local cores memory_kb limit by_memory
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo 2>/dev/null || true)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
  if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < ${memory_kb:-limit})); then
    memory_kb=$((limit / 1024))
  fi
  by_memory=$((${memory_kb:-3000000} / 1500000))
  ((by_memory >= 1)) || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# Most tests wait for a server or a disk most of the time.
test_job_count() { echo $((2 * $(job_count))); }

# The presets name their compilers and flags. What the environment says on top would make two
# machines build two programs from one commit.
ignore_compiler_environment() {
  local name
  for name in CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CMAKE_GENERATOR CMAKE_TOOLCHAIN_FILE \
    CMAKE_BUILD_TYPE; do
    if [[ -n ${!name:-} ]]; then
      note "ignoring $name=${!name} from the environment"
      unset "$name"
    fi
  done
}

# The servers that the tests start. Without them only the tests that need one fail, and say why.
provide_nats_servers() {
  script/nats-server >/dev/null || note "going on: the tests that need a nats-server will fail"
}

# configure PRESET [CMAKE OPTION…]
configure() {
  local preset=$1
  shift
  step "configuring build/$preset"
  remedy="If build/$preset comes from another machine or folder, remove it and try again."
  mkdir -p "build/$preset"
  cmake --preset "$preset" "$@" >"build/$preset/configure.log" 2>&1 || {
    cat "build/$preset/configure.log" >&2
    return 1
  }
}

# build PRESET [CMAKE --build OPTION…]
build() {
  local preset=$1
  shift
  step "building build/$preset with $(job_count) jobs"
  remedy="The first compiler message above is the cause. Out of memory? Set \
CMAKE_BUILD_PARALLEL_LEVEL=1 and try again."
  cmake --build --preset "$preset" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(job_count)}" "$@" >&2
}
