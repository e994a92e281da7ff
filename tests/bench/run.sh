#!/usr/bin/env bash
# Installs what the bench needs, builds the preset `bench`, and runs tests/bench/bench.py with the given arguments.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. cmake/packages.sh
# shellcheck disable=SC2086
packages_install $PACKAGES_BUILD $PACKAGES_RUN $PACKAGES_TEST $PACKAGES_BENCH
cmake --preset bench >/dev/null
cmake --build --preset bench
grep -m1 'model name' /proc/cpuinfo || true
uname -r
exec /usr/bin/python3 tests/bench/bench.py "$@"
