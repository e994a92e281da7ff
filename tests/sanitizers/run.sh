#!/usr/bin/env bash
# Builds the preset asan or tsan and runs under it: all unit and vector tests and fuzz inputs, and the gateway itself against real Redis and mosquitto.
#     tests/sanitizers/run.sh asan|tsan
set -eu -o pipefail
preset=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" | tail -n 1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS="suppressions=$PWD/tests/sanitizers/tsan.supp exitcode=99 second_deadlock_stack=1"
export BOWEI_QUICK=1 # tests that repeat a lot repeat less
ctest --test-dir "build/$preset" --output-on-failure -j2 -L '^(unit|vectors|fuzz)$'
export PYTHONPATH=$PWD/tests/e2e BOWEI_BUILD=$PWD/build/$preset BOWEI_CLEAN_EXIT=1
for test in tests/faults/test_silence.py tests/e2e/test_melbourne.py tests/e2e/test_staff.py tests/e2e/test_reload.py; do
    /usr/bin/python3 -W ignore "$test"
done
