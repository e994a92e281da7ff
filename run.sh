#!/usr/bin/env bash
# The whole of Bowei on one machine: installs what is missing, builds, and runs Redis, mosquitto, a simulated city
# and the gateway below one state folder, until Ctrl-C. Everything it starts it also stops, and nothing else.
set -u -o pipefail

usage() {
    cat <<EOF
usage: ./run.sh [--http HOST:PORT] [--spaces N] [--bikes N] [--seed N] [--duration SECONDS] [--state DIR]

  --http HOST:PORT     where the REST API listens        (127.0.0.1:8080)
  --spaces N           single parking spaces to simulate (2000)
  --bikes N            shared bikes to simulate, 0: none (1000)
  --seed N             seed of the simulated city        (1)
  --duration SECONDS   stop after so long                (until Ctrl-C)
  --state DIR          journal, Redis, broker, city      (.run)
EOF
}

fail() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }
say() { printf '%s\n' "$*"; }

http=127.0.0.1:8080 spaces=2000 bikes=1000 seed=1 duration= state=
top=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")") # where the tree is, also when called through a link
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage; exit 0 ;;
        --http | --spaces | --bikes | --seed | --duration | --state)
            [ $# -ge 2 ] || { printf 'run.sh: %s needs a value\n' "$1" >&2; usage >&2; exit 2; }
            declare "${1#--}=$2"; shift 2 ;;
        *) printf 'run.sh: unknown argument %s\n' "$1" >&2; usage >&2; exit 2 ;;
    esac
done
number() { case $2 in '' | *[!0-9]*) printf 'run.sh: %s: "%s" is not a number\n' "$1" "$2" >&2; exit 2 ;; esac; }
number --spaces "$spaces"; number --bikes "$bikes"; number --seed "$seed"; [ -z "$duration" ] || number --duration "$duration"
case $http in *:*[0-9]) ;; *) printf 'run.sh: --http: "%s" is not HOST:PORT\n' "$http" >&2; exit 2 ;; esac
host=${http%:*} port=${http##*:}
case $host in
    localhost) host=127.0.0.1 ;;
    \[*\]) host=${host#[} host=${host%]} ;;
esac
number --http "$port"
[ "${#port}" -le 5 ] && [ "$port" -ge 1 ] && [ "$port" -le 65535 ] || { printf 'run.sh: --http: the port "%s" is not 1 to 65535\n' "$port" >&2; exit 2; }
port_taken() { timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null; } # 1 s: of an address elsewhere it may hear nothing
port_taken "$host" "$port" && fail "$http is already taken; choose another with --http HOST:PORT"

state=${state:-$top/.run}
theirs() { find "$1/" -mindepth 1 -maxdepth 1 ! -name '*.log' ! -empty -print -quit; } # our own output may be written into it
[ ! -e "$state/" ] || [ -e "$state/run.lock" ] || [ -z "$(theirs "$state")" ] || fail "$state holds something else: --state takes an empty folder, a new one or its own"
mkdir -p "$state" && chmod 700 "$state" && state=$(cd "$state" && pwd) || fail "cannot make the state folder $state"
[ ${#state} -le 95 ] || fail "the path of $state is too long: the socket of Redis in it may have 107 characters"
case $state in *[\"\\]* | *[[:cntrl:]]*) fail "the path of $state may hold no quotes, backslashes or control characters" ;; esac
exec 9>"$state/run.lock"
flock -n 9 || fail "another run.sh uses $state"

. "$top/cmake/packages.sh"
packages_install $PACKAGES_BUILD $PACKAGES_RUN || exit 1

built=$top/build/release
build() {
    if [ ! -f "$built/build.ninja" ]; then
        say "configuring (release) ..."
        (cd "$top" && cmake --preset release >"$state/build.log" 2>&1) || { tail -n 20 "$state/build.log" >&2; fail "configuring failed"; }
    fi
    say "building (release) ..."
    if [ -t 1 ]; then
        (cd "$top" && cmake --build --preset release) || fail "the build failed"
    else
        (cd "$top" && cmake --build --preset release >"$state/build.log" 2>&1) || { tail -n 40 "$state/build.log" >&2; fail "the build failed"; }
    fi
}
mkdir -p "$top/build"
exec 8>"$top/build/run.lock" # two of them side by side build one after the other
flock 8
build
exec 8>&-
bowei=$built/bowei sim=$built/bowei-sim

free_port() { "$sim" free-port; }
[ -s "$state/broker.port" ] && ! port_taken 127.0.0.1 "$(cat "$state/broker.port")" || free_port >"$state/broker.port"
broker_port=$(cat "$state/broker.port")

"$sim" make --dir "$state/field" --spaces "$spaces" --bikes "$bikes" --seed "$seed" --broker-port "$broker_port" || fail "the simulated city could not be made"

cat >"$state/redis.conf" <<EOF
port 0
unixsocket "$state/redis.sock"
unixsocketperm 600
dir "$state"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
loglevel warning
EOF
cat >"$state/mosquitto.conf" <<EOF
per_listener_settings false
user $(id -un)
listener $broker_port 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_inflight_messages 100
max_queued_messages 0
max_queued_bytes 268435456
persistence true
persistence_location $state/
autosave_interval 60
log_type error
log_type warning
EOF
dwell=20 # seconds outside until an alert opens, instead of 120: they are to be seen within a minute
cat >"$state/bowei.yaml" <<EOF
# made by run.sh
instance: demo
state_folder: "$state/gateway"
keys_file: "$state/keys"
http:
  host: "$host"
  port: $port
  plain_beyond_loopback: true # asked for with --http
  connections_per_ip: 600
  public_url: http://$http # QR codes of prints lead there
delivery:
  allow: 127.0.0.1/32 9911 # a receiver of webhooks on this machine, to try one
redis:
  socket: "$state/redis.sock"
bikes:
  dwell_s: $dwell
$(cat "$state/field/field.yaml")
EOF
mkdir -p "$state/gateway" && chmod 700 "$state/gateway"

# --- parts: each is a command line that is started again with the same arguments when it dies ---
declare -A pid=() command=()
order=()
part() { # part NAME COMMAND...
    local name=$1; shift
    command[$name]=$(printf '%q ' "$@")
    order+=("$name")
    launch "$name"
}
launch() {
    # whatever ends this script, even kill -9, ends its parts
    eval "setsid setpriv --pdeathsig TERM ${command[$1]} >>\"\$state/$1.log\" 2>&1 9>&- &"
    pid[$1]=$!
    printf '%s\n' "${pid[$1]}" >"$state/$1.pid"
}
stopping=
stop_all() {
    [ -z "$stopping" ] || return
    stopping=1
    trap '' INT TERM # a second Ctrl-C must not leave half of them running
    local i name
    for ((i = ${#order[@]} - 1; i >= 0; i--)); do
        name=${order[i]}
        kill -TERM "${pid[$name]}" 2>/dev/null || continue
        for _ in $(seq 100); do kill -0 "${pid[$name]}" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "${pid[$name]}" 2>/dev/null
        wait "${pid[$name]}" 2>/dev/null
        rm -f "$state/$name.pid"
    done
}
trap 'stop_all; exit 0' INT TERM
trap stop_all EXIT

: >"$state/bowei.log"
part redis redis-server "$state/redis.conf"
part mosquitto mosquitto -c "$state/mosquitto.conf"
wait_for() { # wait_for SECONDS WHAT COMMAND...
    local until=$((SECONDS + $1)) what=$2; shift 2
    until "$@" >/dev/null 2>&1; do
        for p in "${order[@]}"; do
            kill -0 "${pid[$p]}" 2>/dev/null || { tail -n 5 "$state/$p.log" >&2; fail "$p ended before it was ready"; }
        done
        [ $SECONDS -lt $until ] || { for p in "${order[@]}"; do tail -n 5 "$state/$p.log" >&2; done; fail "$what did not come up"; }
        sleep 0.05
    done
}
redis_serves() { redis-cli -s "$state/redis.sock" ping | grep -q PONG; } # it answers while it loads, too, and that ends with 0
wait_for 60 redis redis_serves
wait_for 10 mosquitto port_taken 127.0.0.1 "$broker_port"

inventory=("$state"/field/city/*.csv "$state"/field/territory/*)
[ "$bikes" -eq 0 ] || inventory+=("$state"/field/fleet/*)
"$bowei" import --config "$state/bowei.yaml" --replace --allow-removals --quiet "${inventory[@]}" || fail "the simulated city could not be imported"
# a key for the staff and one for each operator; the first operator's is also printed
operators=DEMO
[ "$bikes" -eq 0 ] || operators=$(tail -n +2 "$state/field/fleet/operators.csv" | cut -d, -f1)
if [ ! -s "$state/staff.key" ] || [ "$(cut -d' ' -f1 "$state/operators.keys" 2>/dev/null)" != "$operators" ]; then
    rm -f "$state/keys" "$state/operators.keys"
    (umask 077
    "$bowei" keys create --config "$state/bowei.yaml" --role staff --name demo-staff --quiet >"$state/staff.key" || exit 1
    for op in $operators; do
        key=$("$bowei" keys create --config "$state/bowei.yaml" --role operator --operator "$op" --name "demo-$op" --quiet) || exit 1
        printf '%s %s\n' "$op" "$key" >>"$state/operators.keys"
    done) || fail "the keys could not be made"
    head -n 1 "$state/operators.keys" | cut -d' ' -f2 >"$state/operator.key"
    chmod 600 "$state/operator.key" "$state/staff.key" "$state/operators.keys"
fi

url=http://$http
riding=()
[ "$bikes" -eq 0 ] || riding=(--truth-bikes "$state/truth_bikes.jsonl" --dwell "$dwell" --api "$url" --keys "$state/operators.keys")
part sim "$sim" run --dir "$state/field" --truth "$state/truth.jsonl" "${riding[@]}"
part bowei "$bowei" serve --config "$state/bowei.yaml"

answers() { curl -fsS --max-time 2 "$url/readyz" && curl -fsS --max-time 2 "$url/v1/city" | grep -q '"free":[1-9]'; }
wait_for 60 "the gateway" answers

lat=42.2578 lon=118.8869
cat <<EOF

Bowei is running: $spaces simulated spaces, $bikes bikes, state in $state
  city         $url/v1/city
  free spaces  $url/v1/spaces/near?lat=$lat&lon=$lon
  live stream  $url/v1/stream?topics=spaces,lots
  API          $url/openapi.json
  metrics      $url/metrics
  operator key $(cat "$state/operator.key") (${operators%%[[:space:]]*})
  staff key    $(cat "$state/staff.key")
Try:
  curl '$url/v1/spaces/near?lat=$lat&lon=$lon&radius=500&limit=3'
  curl -H 'Content-Type: application/json' '$url/v1/reports' -d '{"kind":"zombie_car","text":"flat tyres","location":{"lat":$lat,"lon":$lon}}'
  export BOWEI_KEY=$(cat "$state/staff.key") BOWEI=$(printf %q "$bowei")
  "\$BOWEI" cases list --url $url
  "\$BOWEI" cases handover --url $url
EOF
[ "$bikes" -eq 0 ] || cat <<EOF
  curl '$url/v1/fences/near?lat=$lat&lon=$lon&radius=1000&limit=3'
  curl -H 'Authorization: Bearer $(cat "$state/operator.key")' '$url/v1/alerts?state=open&limit=3'
  curl -N -H 'Authorization: Bearer $(cat "$state/staff.key")' '$url/v1/alerts/stream'
A webhook, with a receiver of your own on this machine (docs/examples/webhook_receiver.py is one):
  python3 docs/examples/webhook_receiver.py 9911
  curl -H 'Authorization: Bearer $(cat "$state/operator.key")' -H 'Content-Type: application/json' '$url/v1/webhooks' -d '{"url":"http://127.0.0.1:9911/"}'
EOF
say "Ctrl-C stops everything."

end=$((SECONDS + 10#${duration:-0}))
while [ -z "$duration" ] || [ $SECONDS -lt "$end" ]; do
    sleep 0.25 &
    wait $! 2>/dev/null
    for name in "${order[@]}"; do
        kill -0 "${pid[$name]}" 2>/dev/null && continue
        wait "${pid[$name]}" 2>/dev/null
        say "$name ended (status $?); starting it again"
        launch "$name"
    done
done
exit 0
