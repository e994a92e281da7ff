#!/usr/bin/env bash
# Runs every fuzz target with libFuzzer, one after another, for an equal share of the given seconds (default 3600), and says
# how many inputs each had. Found inputs stay in build/fuzz/found; a fixed one belongs into tests/fuzz/regression/<noun>/, where
# every build runs it (ctest -L fuzz). Ends with 1 when something was found.
# usage: tests/fuzz/run.sh [SECONDS] [NOUN...]
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
total=${1:-3600}
shift || true
. cmake/packages.sh
# shellcheck disable=SC2086
packages_install $PACKAGES_BUILD $PACKAGES_FUZZ || exit 1
cmake --preset fuzz >/dev/null || exit 1
cmake --build build/fuzz >/dev/null || exit 1
found=$PWD/build/fuzz/found
work=$PWD/build/fuzz/corpus
mkdir -p "$found" "$work"

if [ $# -gt 0 ]; then
    nouns=("$@")
else
    mapfile -t nouns < <(find build/fuzz/tests/fuzz -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x -printf '%f\n' | sed 's/^fuzz_//' | sort)
fi
share=$((total / ${#nouns[@]}))
status=0
for noun in "${nouns[@]}"; do
    seeds=()
    for folder in "tests/fuzz/corpus/$noun" "tests/fuzz/regression/$noun"; do
        [ -d "$folder" ] && seeds+=("$folder")
    done
    [ "$noun" = hearing ] && seeds+=(tests/fuzz/corpus/envelope_*) # as its ctest has them
    mkdir -p "$work/$noun"
    log=$work/$noun.log
    if "build/fuzz/tests/fuzz/fuzz_$noun" -max_total_time="$share" -timeout=10 -rss_limit_mb=1500 -print_final_stats=1 \
        -artifact_prefix="$found/$noun-" "$work/$noun" "${seeds[@]}" >"$log" 2>&1; then
        result=clean
    else
        result=FOUND
        status=1
    fi
    printf '%-28s %s  %s s  %s inputs\n' "$noun" "$result" "$share" "$(awk '/number_of_executed_units/ {print $2}' "$log")"
done
exit $status
