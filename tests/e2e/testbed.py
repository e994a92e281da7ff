"""A city on loopback for black-box tests: real redis-server, real mosquitto, the real gateway.

Everything lives in one temporary folder, on ports no other test has, and is stopped with the test. Waiting is always for a
condition with a deadline, never for a time.
"""
import atexit
import contextlib
import csv
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import paho.mqtt.client as mqtt
import redis

from contract import Contract

BUILD = Path(os.environ.get("BOWEI_BUILD", Path(__file__).resolve().parents[2] / "build" / "release"))
BOWEI = BUILD / "bowei"
SIM = BUILD / "bowei-sim"


RESERVATIONS = []  # sockets with a name for each port given out; the names go with this process
atexit.register(lambda: [reservation.close() for reservation in RESERVATIONS])


def free_port():
    """A port for a server that starts later, or again: below those that the kernel gives to connections, and given to no other
    test while this process lives."""
    while True:
        port = random.SystemRandom().randrange(10000, 32768)
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0bowei-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:  # another test's, or in use
            reservation.close()
            continue
        RESERVATIONS.append(reservation)
        return port


def wait_until(what, condition, seconds=20.0, every=0.02):
    """Calls condition until it is true; returns its value. Fails with the last value seen."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s (last: {value!r})")
        time.sleep(every)


def check_character(body):
    """ISO/IEC 7064 MOD 37,36, written anew here so that the program is not its own judge."""
    p = 36
    for c in body:
        p = (p + int(c, 36)) % 36 or 36
        p = 2 * p % 37
    v = (37 - p) % 36
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[v]


def space_id(number, site=1, kind="R", county="150402", street="001"):
    body = f"{county}{street}{kind}{site:03d}{number:04d}"
    return body + check_character(body)


class Process:
    """A child that is stopped by its own pid, restarted with the same arguments."""

    def __init__(self, name, args, folder, env=None):
        self.name, self.args, self.folder, self.env = name, [str(a) for a in args], folder, env
        self.log = open(folder / f"{name}.log", "ab")
        self.child = None

    def start(self):
        self.child = subprocess.Popen(self.args, stdout=self.log, stderr=self.log, env=self.env, cwd=self.folder)
        return self

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self, seconds=15):
        if self.child is None or self.child.poll() is not None:
            return self.child.returncode if self.child else None
        self.child.send_signal(signal.SIGCONT)
        self.child.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise AssertionError(f"{self.name} did not stop within {seconds} s")

    def tail(self, lines=30):
        self.log.flush()
        text = (self.folder / f"{self.name}.log").read_text(errors="replace").splitlines()
        return "\n".join(text[-lines:])


class Testbed(unittest.TestCase):
    """Base of the black-box tests. Override `lots`, `spaces`, `devices`, `extra_config` or call make_city()."""

    http_options = "  connections_per_ip: 600\n"
    journal_options = ""
    modbus = ""
    contract = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bowei-test-"))
        os.chmod(self.folder, 0o700)
        self.processes = []
        self.addCleanup(self._clean)
        self.state = self.folder / "state"
        self.state.mkdir(mode=0o700)
        self.redis_socket = self.folder / "redis.sock"
        self.broker_port, self.http_port = free_port(), free_port()
        self.redis_process = self.process("redis", ["redis-server", self._redis_conf()])
        self.broker = self.process("mosquitto", ["mosquitto", "-c", self._broker_conf()])
        self.gateway = None

    def _clean(self):
        outcome = getattr(self, "_outcome", None)
        failed = bool(outcome and (getattr(outcome, "errors", None) or getattr(outcome.result, "failures", None)
                                   or getattr(outcome.result, "errors", None)))
        exits = {}
        for p in reversed(self.processes):
            with contextlib.suppress(Exception):
                exits[p.name] = p.stop()
            if failed:
                print(f"--- {p.name}\n{p.tail()}")
        text = (self.folder / "bowei.log").read_text(errors="replace") if self.gateway else ""
        shutil.rmtree(self.folder, ignore_errors=True)
        if os.environ.get("BOWEI_CLEAN_EXIT") and self.gateway:
            # under a sanitizer: its reports are in the log and in the exit status
            assert exits.get("bowei") == 0 and "Sanitizer" not in text, text[-8000:]

    def process(self, name, args, env=None, start=True):
        p = Process(name, args, self.folder, env)
        self.processes.append(p)
        return p.start() if start else p

    def _redis_conf(self):
        path = self.folder / "redis.conf"
        path.write_text(f"port 0\nunixsocket {self.redis_socket}\ndir {self.folder}\nappendonly yes\nsave \"\"\n"
                        "maxmemory-policy noeviction\nloglevel warning\n")
        return path

    def _broker_conf(self):
        path = self.folder / "mosquitto.conf"
        path.write_text(f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
                        "max_inflight_messages 100\nmax_queued_messages 0\nmax_queued_bytes 268435456\n"
                        f"persistence true\npersistence_location {self.folder}/\nuser root\nlog_type error\n")
        return path

    def config_text(self):
        return (f"instance: test\nstate_folder: {self.state}\nkeys_file: {self.folder}/keys\n"
                f"http:\n  host: 127.0.0.1\n  port: {self.http_port}\n{self.http_options}"
                f"redis:\n  socket: {self.redis_socket}\n{self.journal_options}"
                f"links:\n  - name: mqtt\n    host: 127.0.0.1\n    port: {self.broker_port}\n    client_id: bowei-test\n"
                "    subscriptions:\n"
                "      - topic: application/+/device/+/event/+\n        envelope: chirpstack\n"
                "      - topic: bowei/up/+\n        envelope: native\n"
                f"{self.modbus}")

    def write_config(self):
        path = self.folder / "bowei.yaml"
        path.write_text(self.config_text())
        return path

    def bowei(self, *args, check=True):
        done = subprocess.run([str(BOWEI), *[str(a) for a in args]], capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"bowei {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def write_csv(self, name, header, rows):
        path = self.folder / name
        with open(path, "w", newline="", encoding="utf-8") as f:
            w = csv.writer(f)
            w.writerow(header)
            w.writerows(rows)
        return path

    def make_city(self, spaces, devices, lots=None, bindings=None, timing=("", "")):
        """spaces: (id, lat, lon); devices: (id, source, model, channel, space id); timing: heartbeat_s, stale_limit_s of all."""
        lots = lots or sorted({s[0][:13] for s in spaces})
        rows = [(k + "0000" + check_character(k + "0000"), f"点位{k[-3:]}", f"Site {k[-3:]}", "spaces", 42.2578, 118.8869, "")
                if isinstance(k, str) else k for k in lots]
        files = [self.write_csv("lots.csv", ["id", "name_zh", "name_en", "counting", "lat", "lon", "capacity"], rows),
                 self.write_csv("spaces.csv", ["id", "lat", "lon"], spaces),
                 self.write_csv("devices.csv", ["id", "source", "model", "heartbeat_s", "stale_limit_s"],
                                sorted({(d[0], d[1], d[2], *timing) for d in devices})),
                 self.write_csv("bindings.csv", ["device", "channel", "space", "rank"],
                                bindings or [(d[0], d[3], d[4], 0) for d in devices])]
        self.bowei("import", "--config", self.write_config(), "--replace", "--allow-removals", *files)

    def start_redis(self):
        wait_until("redis answers", lambda: self._redis_up(), 10)

    def _redis_up(self):
        try:
            with self.redis() as r:
                return r.ping()
        except redis.exceptions.RedisError:
            return False

    def redis(self):
        return redis.Redis(unix_socket_path=str(self.redis_socket), decode_responses=True, encoding_errors="replace", socket_timeout=10)

    def start_gateway(self, ready=True, env=None):
        self.start_redis()
        self.write_config()
        if self.gateway is None:
            self.gateway = self.process("bowei", [BOWEI, "serve", "--config", self.folder / "bowei.yaml"], env=env)
        else:
            self.gateway.start()
        if ready:
            wait_until("the gateway is ready", self.ready, 30)

    def ready(self):
        if self.gateway.child.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.gateway.child.returncode}\n{self.gateway.tail()}")
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def request(self, method, path, body=None, key=None, headers=None, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout)
        try:
            all_headers = dict(headers or {})
            if key:
                all_headers["Authorization"] = "Bearer " + key
            if body is not None:
                body = json.dumps(body)
                all_headers["Content-Type"] = "application/json"
            connection.request(method, path, body=body, headers=all_headers)
            answer = connection.getresponse()
            raw = answer.read()
            kind = answer.getheader("Content-Type", "")
            said = json.loads(raw) if "json" in kind and raw else raw
            if path != "/openapi.json" and kind:
                self.assertEqual([], self.promised().check(method, path, answer.status, kind, said))
            return answer.status, said, dict(answer.getheaders())
        finally:
            connection.close()

    def promised(self):
        """What the gateway says of its answers; asked for once a test."""
        if self.contract is None:
            self.contract = Contract(self.get("/openapi.json")[1])
        return self.contract

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def metrics(self):
        text = self.get("/metrics")[1].decode()
        return {m.group(1): float(m.group(2)) for m in re.finditer(r"^([a-z_0-9]+(?:\{[^}]*\})?) ([0-9.e+]+)", text, re.M)}

    def space(self, ident):
        status, body, _ = self.get(f"/v1/spaces/{ident}")
        assert status == 200, (status, body)
        return body

    def all_spaces(self, query="", limit=1000):
        """Every space by following the cursor; {id: object}."""
        found, path = {}, f"/v1/spaces?limit={limit}{query}"
        while path:
            status, body, _ = self.get(path)
            assert status == 200, (status, body)
            for item in body["items"]:
                assert item["id"] not in found, f"{item['id']} came twice"
                found[item["id"]] = item
            path = f"/v1/spaces?limit={limit}{query}&cursor={body['next']}" if body.get("next") else None
        return found

    def key(self, role="staff", operator=None):
        args = ["keys", "create", "--config", self.folder / "bowei.yaml", "--role", role, "--name", f"test-{role}", "--quiet"]
        if operator:
            args += ["--operator", operator]
        return self.bowei(*args).stdout.strip()

    def publisher(self, client_id="field", inflight=100):
        return Publisher(self.broker_port, client_id, inflight)

    def redis_states(self):
        """{id: hash} of all spaces in Redis."""
        r = self.redis()
        keys = list(r.scan_iter("bowei:{*}:space:*", count=5000))
        pipe = r.pipeline(transaction=False)
        for k in keys:
            pipe.hgetall(k)
        return {k.rsplit(":", 1)[1]: h for k, h in zip(keys, pipe.execute())}


class Publisher:
    """An MQTT client that knows which of its QoS 1 messages the broker acknowledged."""

    def __init__(self, port, client_id, inflight=100):
        self.acknowledged = set()
        self.lock = threading.Lock()
        self.client = mqtt.Client(client_id=client_id, clean_session=True)
        self.client.max_inflight_messages_set(inflight)
        self.client.max_queued_messages_set(0)
        self.client.on_publish = self._on_publish
        self.client.connect("127.0.0.1", port, keepalive=60)
        self.client.loop_start()
        wait_until("the publisher is connected", self.client.is_connected, 10)

    def _on_publish(self, _client, _userdata, mid):
        with self.lock:
            self.acknowledged.add(mid)

    def native(self, device, qos=1, **fields):
        return self.client.publish(f"bowei/up/{device}", json.dumps({"device": device, **fields}), qos=qos)

    def publish(self, topic, payload, qos=1):
        return self.client.publish(topic, payload, qos=qos)

    def settle(self, info, seconds=20):
        info.wait_for_publish(seconds)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def now_rfc3339(ms=None):
    ms = int(time.time() * 1000) if ms is None else ms
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"
