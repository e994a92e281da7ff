#!/usr/bin/env bash
# Line coverage of the parts that decide what people see and what a crash may cost: builds the preset coverage, runs the
# unit and vector tests, prints each file; fails when a part, or all together, is below 90 %. Nothing is excluded.
#     tests/coverage.sh [--no-run]    --no-run: only reports what was run before
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
least=90
parts='gateway/core/step/ gateway/core/space/ gateway/core/lot/ gateway/keep/journal/ gateway/keep/recover\.c gateway/base/space_id\.c sensors/models/'
build=build/coverage
. cmake/packages.sh
# shellcheck disable=SC2086
packages_install $PACKAGES_BUILD $PACKAGES_RUN $PACKAGES_TEST $PACKAGES_COVERAGE
if [ "${1-}" != --no-run ]; then
    cmake --preset coverage >/dev/null
    cmake --build --preset coverage | tail -n 1
    find "$build" -name '*.gcda' -delete
    BOWEI_QUICK=1 ctest --test-dir "$build" --output-on-failure -j"$((2 * $(nproc)))" -L '^(unit|vectors)$' | tail -n 6
fi
lines() { # of the parts that match a regular expression; fails below the least
    gcovr --root . "${@:2}" --filter "$1" --fail-under-line "$least" --print-summary --output /dev/null 2>/dev/null |
        sed -n 's/^lines: *//p'
}
status=0
filters=()
for part in $parts; do
    filters+=(--filter "$part")
done
gcovr --root . "${filters[@]}" --json "$build/coverage.json" --txt "$build/coverage.txt" "$build"
cat "$build/coverage.txt"
for part in $parts .; do # each on its own, then all
    figure=$(lines "$part" --add-tracefile "$build/coverage.json") || { status=1; figure="$figure  BELOW $least %"; }
    [ "$part" != . ] || part=together
    printf '%-30s %s\n' "${part//\\/}" "$figure"
done
exit $status
