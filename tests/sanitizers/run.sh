#!/usr/bin/env bash
# Builds the preset asan or tsan and runs under it: all unit and vector tests and fuzz inputs, and the gateway itself against real Redis and mosquitto.
#     tests/sanitizers/run.sh asan|tsan
set -eu -o pipefail
preset=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cmake --preset "$preset" >/dev/null
nice -n 19 cmake --build --preset "$preset" | tail -n 1 # tests that run beside it come first
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS="suppressions=$PWD/tests/sanitizers/tsan.supp exitcode=99 second_deadlock_stack=1"
export BOWEI_QUICK=1 # tests that repeat a lot repeat less
ctest --test-dir "build/$preset" --output-on-failure -j"$(nproc)" -R '^((unit|vectors|fuzz)\.|faults\.silence$|e2e\.(melbourne|reload|staff)$)'
