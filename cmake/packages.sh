# Debian 12 packages that run.sh, test.sh and the scripts of tests/ need, and the one function that installs what is missing. Sourced by all.
PACKAGES_BUILD="build-essential cmake ninja-build pkg-config libmodbus-dev libmosquitto-dev libhiredis-dev
    libmicrohttpd-dev libgnutls28-dev libssl-dev libyaml-dev libsodium-dev libxxhash-dev uthash-dev libcurl4-openssl-dev libqrencode-dev"
PACKAGES_RUN="redis-server mosquitto curl util-linux ca-certificates libcurl4" # ldd does not show libcurl4: webhooks load it
PACKAGES_TEST="libcmocka-dev libjansson-dev python3 python3-paho-mqtt python3-redis python3-jsonschema jq iproute2 openssl systemd faketime"
PACKAGES_STYLE="clang-format clang-tidy"
PACKAGES_FUZZ="clang libclang-rt-14-dev"
PACKAGES_COVERAGE="gcovr"
PACKAGES_BENCH="nginx-light wrk webdis redis-tools"

packages_missing() {
    local name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || printf '%s ' "$name"
    done
}

# Installs what of the arguments is missing; says what it does. Services that packages start by themselves are kept from starting.
packages_install() {
    local missing root= log policy
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { printf 'missing packages: %s\nrun as root, or install sudo\n' "$missing" >&2; return 1; }
        root=sudo
    fi
    printf 'installing: %s\n' "$missing"
    log=$(mktemp)
    policy=/usr/sbin/policy-rc.d
    local ours=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null && $root chmod 755 "$policy" && ours=1
    fi
    # shellcheck disable=SC2086
    if ! { $root apt-get update && DEBIAN_FRONTEND=noninteractive $root apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        [ -z "$ours" ] || $root rm -f "$policy"
        rm -f "$log"
        return 1
    fi
    [ -z "$ours" ] || $root rm -f "$policy"
    rm -f "$log"
}
