#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target over its committed corpus, each for some seconds, and makes sure that the
# canary is caught. What is found stays in BUILD_DIR/findings.
#
# Usage: fuzz/smoke.sh BUILD_DIR [SECONDS]     after: cmake --workflow --preset fuzz
# Exits with 0 when nothing was found, with 1 when something was or a canary lives.
set -euo pipefail

build=$(realpath "${1:?usage: fuzz/smoke.sh BUILD_DIR [SECONDS]}")
seconds=${2:-30}
here=$(dirname "$(realpath "$0")")
findings="$build/findings"
new_inputs=$(mktemp -d)
trap 'rm -rf "$new_inputs"' EXIT
mkdir -p "$findings"
export UBSAN_OPTIONS=print_stacktrace=1

program() {
  for candidate in "$build/bin/$1" "$build/fuzz/$1"; do
    if [[ -x $candidate ]]; then
      echo "$candidate"
      return
    fi
  done
  echo "fuzz/smoke.sh: $1 is not in $build: build the preset 'fuzz' first" >&2
  return 1
}

run() {  # NAME FOLDER…: what libFuzzer finds new goes to the first folder
  local name=$1 binary
  shift
  binary=$(program "${name}_fuzz") || return
  "$binary" "$@" -dict="$here/json.dict" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/$name-" \
    >"$findings/$name.log" 2>&1
}

failed=0
for corpus in "$here"/corpus/*/; do
  name=$(basename "$corpus")
  mkdir "$new_inputs/$name"
  if run "$name" "$new_inputs/$name" "$corpus"; then
    echo "$name: nothing found in $(grep -oE 'Done [0-9]+ runs' "$findings/$name.log")"
  else
    echo "$name: FOUND SOMETHING, see $findings/$name.log" >&2
    tail -n 30 "$findings/$name.log" >&2
    failed=1
  fi
done

canary=$(program canary_fuzz)
caught='not true: no input\|AddressSanitizer: heap-buffer-overflow'
caught+='\|runtime error: signed integer overflow'
for input in "$here"/canary/*; do
  if "$canary" "$input" >"$findings/canary.log" 2>&1 ||
    ! grep -q "$caught" "$findings/canary.log"; then
    echo "canary: $(basename "$input") was NOT caught: findings would go unseen" >&2
    failed=1
  fi
done
mkdir "$new_inputs/canary"
if run canary "$new_inputs/canary" || ! grep -q "$caught" "$findings/canary.log"; then
  echo "canary: was NOT found by searching: the search is broken" >&2
  failed=1
else
  echo "canary: caught"
  rm -f "$findings"/canary-*
fi
exit "$failed"
