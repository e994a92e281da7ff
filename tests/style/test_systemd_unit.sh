#!/usr/bin/env bash
# The systemd unit: understood without a warning, hardened to an exposure of 2.0 at most, and free of comments behind
# values (systemd would take them as part of the value). Exit 77: systemd-analyze is not here.
set -u -o pipefail
units=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../docker/systemd" && pwd) || exit 1
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
fault() { echo "docker/systemd: $1"; status=1; }

if grep -nE '^[A-Z][A-Za-z]*=.*[[:space:]]#' "$units"/bowei.service "$units"/bowei.service.d/*.conf; then
    fault "a comment behind a value"
fi
for want in Type=notify WatchdogSec=30 TasksMax=256 LimitNOFILE=4096 "RestartPreventExitStatus=78 69"; do
    grep -qx "$want" "$units/bowei.service" || fault "$want is missing"
done

# the program need not be installed to check its unit
sed 's|^ExecStart=/usr/local/bin/bowei |ExecStart=/bin/true |' "$units/bowei.service" >"$work/bowei.service"
said=$(systemd-analyze verify --man=no --recursive-errors=no "$work/bowei.service" 2>&1)
if [ $? -ne 0 ] || grep -q "$work" <<<"$said"; then
    echo "$said"
    fault "systemd-analyze verify is not content"
fi
exposure=$(systemd-analyze security --offline=true --no-pager "$work/bowei.service" 2>/dev/null |
    sed -nE 's/.*Overall exposure level for bowei.service: ([0-9.]+).*/\1/p')
echo "exposure ${exposure:-unknown}"
if [ -z "$exposure" ] || awk -v e="$exposure" 'BEGIN { exit !(e > 2.0) }'; then
    fault "the exposure is not 2.0 or less"
fi
exit $status
