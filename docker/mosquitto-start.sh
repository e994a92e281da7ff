#!/bin/sh
# Makes the password file from the secrets mqtt_<user> (one password each, hashed here) and starts the broker.
set -eu
umask 077
passwords=/var/lib/mosquitto/passwords
: >"$passwords"
for secret in /run/secrets/mqtt_*; do
    [ -f "$secret" ] || { echo "mosquitto-start.sh: no secret mqtt_<user> is given" >&2; exit 1; }
    printf '%s:%s\n' "${secret##*/mqtt_}" "$(head -n 1 "$secret")" >>"$passwords"
done
mosquitto_passwd -U "$passwords"
exec mosquitto -c /etc/mosquitto/mosquitto.conf
