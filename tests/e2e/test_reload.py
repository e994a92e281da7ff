"""An edited configuration is taken over by SIGHUP: all of it or nothing, and only what was edited starts anew.

The Modbus units are ours, so that they can tell whether a poll is missing; the broker's log tells who connected.
"""
import json
import re
import signal
import socket
import struct
import threading
import time
import unittest

from testbed import Testbed, space_id, wait_until

PERIOD_MS = 100


class Unit:
    """A Modbus TCP server of registers that are 0; remembers the transaction ids of each connection."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.connections = []  # lists of (monotonic time, transaction)
        self.silent = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            heard = []
            with self.lock:
                self.connections.append(heard)
            threading.Thread(target=self._serve, args=(peer, heard), daemon=True).start()

    def _serve(self, peer, heard):
        with peer:
            rest = b""
            while True:
                try:
                    more = peer.recv(4096)
                except OSError:
                    return
                if not more:
                    return
                rest += more
                while len(rest) >= 12:
                    transaction, _, _, unit, function, _, count = struct.unpack(">HHHBBHH", rest[:12])
                    rest = rest[12:]
                    with self.lock:
                        heard.append((time.monotonic(), transaction))
                    if not self.silent:
                        data = bytes(2 * count)
                        peer.sendall(struct.pack(">HHHBBB", transaction, 0, 3 + len(data), unit, function, len(data)) + data)

    def polls(self):
        with self.lock:
            return sum(len(c) for c in self.connections)

    def snapshot(self):
        with self.lock:
            return [list(c) for c in self.connections]

    def close(self):
        self.listener.close()


class Reload(Testbed):
    def setUp(self):
        super().setUp()
        self.units = {name: Unit() for name in "abc"}
        for unit in self.units.values():
            self.addCleanup(unit.close)
        self.lines = {"a": "", "b": ""}  # name -> what its unit has besides
        self.two_qos = 1
        self.extra = ""

    def _broker_conf(self):
        path = super()._broker_conf()
        path.write_text(path.read_text().replace("log_type error", "log_type all"))
        return path

    def config_text(self):
        self.modbus = ("  - name: two\n    host: 127.0.0.1\n"
                       f"    port: {self.broker_port}\n    client_id: bowei-two\n    subscriptions:\n"
                       f"      - topic: two/up/+\n        envelope: native\n        qos: {self.two_qos}\n"
                       "maps:\n  - name: m\n    channels: 4\n"
                       "lines:\n" + "".join(
                           f"  - name: {name}\n    host: 127.0.0.1\n    port: {self.units[name].port}\n"
                           "    response_timeout_ms: 3000\n    units:\n"  # a busy machine is no break
                           f"      - name: u\n        map: m\n        period_ms: {PERIOD_MS}\n{more}"
                           for name, more in self.lines.items()) + self.extra)
        return super().config_text()

    def start_city(self):
        self.places = {name: space_id(i + 1) for i, name in enumerate("abc")}
        self.make_city([(p, 42.2578, 118.8869 + i * 1e-4) for i, p in enumerate(self.places.values())],
                       [(f"{name}/u", name, "m", 1, p) for name, p in self.places.items()])
        self.start_gateway()
        for name in "ab":
            wait_until(f"line {name} is polled", lambda n=name: self.units[n].polls() > 10)
            wait_until(f"{name} is free", lambda n=name: self.space(self.places[n])["state"] == "free")
        wait_until("both links are up", lambda: self.connects("bowei-two") == 1 and self.connects("bowei-test") == 1)

    def reload(self, check=True):
        return self.bowei("reload", "--config", self.write_config(), check=check)

    def connects(self, client):
        return self.broker_log().count(f" as {client} ")

    def broker_log(self):
        return (self.folder / "mosquitto.log").read_text(errors="replace")

    def degraded(self):
        return self.get("/v1/city")[1]["degraded"]

    def assert_no_poll_lost(self, name):
        """One connection all the time, its transactions without a gap."""
        connections = self.units[name].snapshot()
        self.assertEqual(len(connections), 1, f"line {name} was opened again")
        ids = [t for _, t in connections[0]]
        self.assertEqual(ids, list(range(ids[0], ids[0] + len(ids))), f"line {name} lost a poll")

    def test_only_what_was_edited_starts_anew(self):
        self.start_city()
        late = self.metrics()["bowei_modbus_rounds_late_total"]
        self.lines["b"] = "        max_read: 2\n"
        self.lines["c"] = ""
        done = self.reload()
        self.assertIn("line b: edited", done.stderr)
        self.assertIn("line c: added", done.stderr)
        self.assertNotIn("link", done.stderr)
        for name in "bc":
            before = self.units[name].polls()
            wait_until(f"line {name} is polled", lambda n=name, p=before: self.units[n].polls() > p + 10)
        wait_until("c is free", lambda: self.space(self.places["c"])["state"] == "free")
        self.assertEqual(len(self.units["b"].snapshot()), 2)
        self.assert_no_poll_lost("a")
        # links: one edited, the other keeps its session
        self.two_qos = 0
        self.assertIn("link two: edited", self.reload().stderr)
        wait_until("the edited link is back", lambda: self.connects("bowei-two") == 2)
        # removed, and back again
        del self.lines["c"]
        self.assertIn("line c: removed", self.reload().stderr)
        polls = self.units["c"].polls()
        self.assertNotIn('bowei_link_up{kind="modbus",link="c"}', self.metrics())
        self.lines["c"] = ""
        self.reload()
        wait_until("line c is polled again", lambda: self.units["c"].polls() > polls + 5)
        self.assertEqual(self.metrics()['bowei_link_up{kind="modbus",link="c"}'], 1)
        self.assert_no_poll_lost("a")
        self.assertEqual(self.connects("bowei-test"), 1)
        self.assertEqual(self.reload().stderr.count("unchanged"), 1)
        metrics = self.metrics()
        self.assertEqual(metrics['bowei_config_reloads_total{result="applied"}'], 4)
        self.assertEqual(metrics['bowei_config_reloads_total{result="unchanged"}'], 1)
        self.assertLess(metrics["bowei_modbus_rounds_late_total"] - late, 20)
        self.assertNotIn("modbus_down", self.degraded())

    def test_a_bad_configuration_changes_nothing(self):
        self.start_city()
        self.lines["b"] = "        max_read: 2\n"
        self.extra = "htp: 1\n"
        done = self.reload(check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("bowei.yaml:", done.stderr)
        self.assertIn("was not told", done.stderr)
        self.assertEqual(self.metrics()['bowei_config_reloads_total{result="refused"}'], 0)
        # told anyhow: the gateway is its own judge
        done = self.bowei("reload", "--state", self.state, "--no-check", "--json", check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        outcome = json.loads(done.stdout)
        self.assertEqual(outcome["result"], "refused")
        self.assertRegex(outcome["errors"][0], r"bowei\.yaml:\d+:1: htp: unknown key")
        self.assertEqual(outcome["changes"], [])
        self.assertIn("config_refused", self.degraded())
        self.assertIn("config_refused", self.get("/readyz")[1]["reasons"])
        self.assertEqual(self.metrics()['bowei_config_reloads_total{result="refused"}'], 1)
        self.assertRegex(self.gateway.tail(200), r"error reload: .*bowei\.yaml:\d+:1: htp: unknown key")
        polls = self.units["b"].polls()
        wait_until("line b goes on", lambda: self.units["b"].polls() > polls + 5)
        self.assert_no_poll_lost("a")
        self.assert_no_poll_lost("b")
        # an envelope that does not exist is found before a link is touched, with its place
        self.extra = ""
        text = self.config_text().replace("envelope: chirpstack", "envelope: chirpstak")
        (self.folder / "bowei.yaml").write_text(text)
        self.gateway.signal(signal.SIGHUP)
        wait_until("it is refused", lambda: self.metrics()['bowei_config_reloads_total{result="refused"}'] == 2)
        wait_until("and the log says where",
                   lambda: re.search(r"yaml:\d+:\d+: .*there is no envelope \"chirpstak\"", self.gateway.tail(200)))
        # mended
        self.assertEqual(self.reload().returncode, 0)
        self.assertNotIn("config_refused", self.degraded())
        self.assertEqual(self.connects("bowei-test"), 1)

    def test_what_needs_a_restart_is_named_and_the_rest_applied(self):
        self.start_city()
        self.http_options += "  idle_s: 61\n"
        self.lines["b"] = "        max_read: 2\n"
        done = self.reload()
        self.assertIn("http.idle_s: needs a restart", done.stderr)
        self.assertIn("line b: edited", done.stderr)
        self.assertEqual(self.metrics()["bowei_config_settings_waiting"], 1)
        plan = self.bowei("plan", "--config", self.folder / "bowei.yaml", "--json")
        difference = json.loads(plan.stdout)["difference"]
        self.assertEqual(difference["needs_restart"], ["http.idle_s"])
        self.assertEqual(difference["changes"], [])
        done = self.bowei("reload", "--config", self.write_other(), check=False)
        self.assertEqual(done.returncode, 7)
        self.assertIn("runs with", done.stderr)

    def write_other(self):
        path = self.folder / "other.yaml"
        path.write_text(self.config_text())
        return path

    def test_timings_reach_the_inventory(self):
        self.start_city()
        self.assertEqual(self.redis_states()[self.places["b"]]["limit"], "15000")
        self.lines["b"] = "        limit_ms: 2000\n"
        plan = json.loads(self.bowei("plan", "--config", self.write_config(), "--json").stdout)
        self.assertEqual(plan["difference"]["spaces_affected"], 1)
        self.assertEqual(plan["difference"]["spaces"][0]["id"], self.places["b"])
        self.reload()
        wait_until("Redis has the new limit", lambda: self.redis_states()[self.places["b"]]["limit"] == "2000", 10)
        self.assertEqual(self.redis_states()[self.places["a"]]["limit"], "15000")
        self.units["b"].silent = True
        began = time.monotonic()
        wait_until("b is unknown", lambda: self.space(self.places["b"])["state"] == "unknown", 12)
        self.assertLess(time.monotonic() - began, 12)
        self.assertEqual(self.space(self.places["b"])["reason"], "silent")
        # a line that is gone does not leave its last word standing
        self.units["b"].silent = False
        wait_until("b is free", lambda: self.space(self.places["b"])["state"] == "free")
        del self.lines["b"]
        self.reload()
        self.assertEqual(self.space(self.places["a"])["state"], "free")
        wait_until("b is unknown", lambda: self.space(self.places["b"])["state"] == "unknown", 25)
        # the same signal still brings a new inventory in
        fourth = space_id(4)
        self.make_city([(p, 42.2578, 118.8869 + i * 1e-4) for i, p in enumerate([*self.places.values(), fourth])],
                       [(f"{name}/u", name, "m", 1, p) for name, p in self.places.items()] + [("a/u", "a", "m", 2, fourth)])
        wait_until("the new space is free", lambda: self.space(fourth)["state"] == "free")
        self.assert_no_poll_lost("a")


if __name__ == "__main__":
    unittest.main()
