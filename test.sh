#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all tests, or those with the given labels.
set -u -o pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$top" || exit 1
usage='usage: ./test.sh [LABEL...]   labels: unit vectors e2e faults fuzz sanitizers style'
for label in "$@"; do
    case $label in
        -h | --help) printf '%s\n' "$usage"; exit 0 ;;
        unit | vectors | e2e | faults | fuzz | sanitizers | style) ;;
        *) printf 'test.sh: there is no label %s\n%s\n' "$label" "$usage" >&2; exit 2 ;;
    esac
done
. cmake/packages.sh
# shellcheck disable=SC2086
packages_install $PACKAGES_BUILD $PACKAGES_RUN $PACKAGES_TEST || exit 1

step() { printf '\n== %s\n' "$*"; }
quiet() { # shows the output only when the command fails
    local log status
    log=$(mktemp)
    "$@" >"$log" 2>&1
    status=$?
    [ $status -eq 0 ] || tail -n 60 "$log"
    rm -f "$log"
    return $status
}
labels=$(IFS='|'; printf '%s' "$*")
step "building (release, dev)"
quiet cmake --preset release && quiet cmake --build --preset release || exit 1
quiet cmake --preset dev && quiet cmake --build --preset dev || exit 1
step "running the tests"
# two a core, for most of them wait; those that measure run alone (RUN_SERIAL)
ctest --test-dir build/dev --output-on-failure -j$((2 * $(nproc))) ${labels:+-L "^($labels)\$"} --no-tests=error
