#!/usr/bin/env bash
# Format, structure and tidy checks of the whole tree. Called by .ci/run; installs what it needs.
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. cmake/packages.sh
# shellcheck disable=SC2086
packages_install $PACKAGES_BUILD $PACKAGES_TEST $PACKAGES_STYLE || exit 1
status=0

mapfile -t sources < <(git ls-files '*.c' '*.h')
clang-format --dry-run -Werror "${sources[@]}" || status=1
python3 tests/style/check_structure.py || status=1

cmake --preset dev >/dev/null || exit 1
cmake --build --preset dev >/dev/null 2>&1 || { cmake --build --preset dev; exit 1; }
mapfile -t product < <(git ls-files 'api/*.c' 'gateway/*.c' 'sensors/*.c')
# gcc's own warning flags mean nothing to clang: they are cut from the compile commands
mkdir -p build/tidy
sed -E 's/-W(duplicated-cond|duplicated-branches|logical-op|jump-misses-init|cast-align=strict|implicit-fallthrough=3|alloc-zero)//g; s/-Werror( |=format-security)//g' \
    build/dev/compile_commands.json >build/tidy/compile_commands.json
printf '%s\n' "${product[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy -p build/tidy --quiet 2>/dev/null || status=1
[ $status -eq 0 ] && echo "format, structure and tidy: clean"
exit $status
