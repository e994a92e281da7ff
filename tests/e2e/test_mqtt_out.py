"""MQTT out against a real broker with the ACL that is shipped: what is retained equals REST, also after the broker lost everything; the
status says offline after a kill -9 (the will) and after a stop; an operator gets its own alerts and cannot subscribe to another's."""
import json
import signal
import subprocess
import threading
import unittest
from pathlib import Path

import paho.mqtt.client as mqtt

from testbed import SIM, Testbed, now_rfc3339, space_id, wait_until

ACL = Path(__file__).resolve().parents[2] / "docker" / "mosquitto.acl"
USERS = ("gateway", "city", "HLO", "MTN", "dev-1", "dev-2", "dev-3")
AREA = "150402"


class Listener:
    """A client that keeps the last message of each topic, and all of them in order."""

    def __init__(self, port, user, *filters):
        self.lock = threading.Lock()
        self.last, self.all, self.granted = {}, [], None
        self.client = mqtt.Client(client_id=f"listener-{user}-{id(self)}", clean_session=False)
        self.client.username_pw_set(user, user + "-password")
        self.client.reconnect_delay_set(1, 1)
        self.client.on_message = self._on_message
        self.client.on_connect = lambda client, *_: client.subscribe([(f, 1) for f in filters])
        self.client.on_subscribe = lambda _c, _u, _mid, granted: setattr(self, "granted", granted)
        self.client.connect("127.0.0.1", port, keepalive=10)
        self.client.loop_start()
        wait_until("the listener has subscribed", lambda: self.granted is not None, 10)

    def _on_message(self, _client, _userdata, message):
        with self.lock:
            self.last[message.topic] = (message.payload.decode(), message.retain)
            self.all.append((message.topic, message.payload.decode()))

    def payload(self, topic):
        with self.lock:
            return self.last.get(topic, (None, False))[0]

    def under(self, prefix):
        with self.lock:
            return {t[len(prefix):]: json.loads(p) for t, (p, _) in self.last.items() if t.startswith(prefix) and p}

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class MqttOut(Testbed):
    bikes = ""

    def _broker_conf(self):
        passwords = self.folder / "passwords"
        passwords.touch(mode=0o600)
        for user in USERS:
            subprocess.run(["mosquitto_passwd", "-b", passwords, user, user + "-password"], check=True, capture_output=True)
        path = super()._broker_conf()
        path.write_text(path.read_text().replace("allow_anonymous true", "allow_anonymous false")
                        + f"password_file {passwords}\nacl_file {ACL}\n")
        return path

    def config_text(self):
        secret = self.folder / "gateway.password"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text("gateway-password\n")
        broker = f"host: 127.0.0.1\n%sport: {self.broker_port}\n%susername: gateway\n%spassword_file: {secret}\n"
        return (f"instance: test\nstate_folder: {self.state}\nkeys_file: {self.folder}/keys\n"
                f"http:\n  host: 127.0.0.1\n  port: {self.http_port}\n{self.http_options}"
                f"redis:\n  socket: {self.redis_socket}\n{self.bikes}"
                "mqtt_out:\n  " + broker % (("  ",) * 3) + f"  area: \"{AREA}\"\n  operators: true\n"
                "links:\n  - name: mqtt\n    " + broker % (("    ",) * 3)
                + "    subscriptions:\n      - topic: bowei/up/+\n        envelope: native\n")

    def listener(self, user, *filters):
        listener = Listener(self.broker_port, user, *filters)
        self.addCleanup(listener.close)
        return listener

    def status(self, listener):
        return listener.payload(f"bowei/{AREA}/status")

    def differing(self, listener):
        """Spaces of which the broker says anything else than REST does."""
        told, shown = listener.under(f"bowei/{AREA}/spaces/"), self.all_spaces()
        return sorted(set(told) ^ set(shown)) + [i for i in shown if i in told and any(
            told[i][k] != shown[i][k] for k in ("state", "reason", "known", "lot"))]

    def test_a_second_gateway_is_not_fought(self):
        """Another client with our id throws us out again and again: it is said, and we rest."""
        spaces = [(space_id(1), "42.2578", "118.8869")]
        self.make_city(spaces, [("dev-1", "mqtt", "native", 0, spaces[0][0])])
        self.start_gateway()
        for number in range(1, 5):
            wait_until("it is connected", lambda n=number: self.metrics()["bowei_mqtt_out_connects_total"] == n, 15)
            twin = mqtt.Client(client_id="test-out")
            twin.username_pw_set("city", "city-password")
            twin.connect("127.0.0.1", self.broker_port)
            twin.loop_start()
            wait_until("the twin is connected", twin.is_connected, 5)
            twin.disconnect()
            twin.loop_stop()
        wait_until("it rests", lambda: self.metrics()["bowei_mqtt_out_takeovers_total"] == 1, 5)
        self.assertIn("using the client id test-out", (self.folder / "bowei.log").read_text())
        self.assertEqual(self.metrics()["bowei_mqtt_out_connects_total"], 4)

    def test_spaces_and_status(self):
        spaces = [(space_id(n), f"{42.2578 + n * 1e-4:.7f}", "118.8869") for n in range(1, 201)]
        self.make_city(spaces, [(f"dev-{n}", "mqtt", "native", 0, spaces[n - 1][0]) for n in (1, 2, 3)])
        self.start_gateway()
        city = self.listener("city", f"bowei/{AREA}/#")
        field = {n: self.sensor(n) for n in (1, 2, 3)}
        wait_until("all spaces are told", lambda: self.status(city) == "online" and not self.differing(city), 15)
        for n, occupied in ((1, True), (2, False), (3, True)):
            field[n].publish(f"bowei/up/dev-{n}", json.dumps({"device": f"dev-{n}", "occupied": occupied}), qos=1)
        told = wait_until("the change is told",
                          lambda: (t := city.under(f"bowei/{AREA}/spaces/")) and t[spaces[0][0]]["state"] == "occupied" and t, 10)
        self.assertEqual(set(told[spaces[0][0]]),
                         {"id", "lot", "state", "since", "seen", "known", "confidence", "reason", "as_of"})
        wait_until("the broker says what REST says", lambda: not self.differing(city), 10)

        # who comes later gets it all at once, retained
        late = self.listener("city", f"bowei/{AREA}/#")
        wait_until("all is retained", lambda: self.status(late) == "online" and not self.differing(late), 10)
        self.assertTrue(all(retain for _, retain in late.last.values()))

        # a broker that hangs gets the last states when it goes on
        key = self.key()
        self.broker.signal(signal.SIGSTOP)
        for _ in range(3):
            for ident, *_ in spaces[:150]:
                self.assertEqual(self.request("POST", f"/v1/spaces/{ident}/out-of-service", {"reason": "maintenance"}, key=key)[0], 200)
            for ident, *_ in spaces[:75]:
                self.assertEqual(self.request("DELETE", f"/v1/spaces/{ident}/out-of-service", key=key)[0], 200)
        self.broker.signal(signal.SIGCONT)
        wait_until("the broker says what REST says", lambda: not self.differing(city), 20)

        # a broker that lost everything has it again
        self.broker.kill()
        for stale in self.folder.glob("mosquitto.db*"):
            stale.unlink()
        self.broker.start()
        anew = wait_until("the broker is back", self.try_listener, 20, 0.2)
        wait_until("all spaces are told again", lambda: self.status(anew) == "online" and not self.differing(anew), 20)

        # a removed space is taken back
        gone = spaces[-1][0]
        self.make_city(spaces[:-1], [(f"dev-{n}", "mqtt", "native", 0, spaces[n - 1][0]) for n in (1, 2, 3)])
        wait_until("the removed space is taken back", lambda: anew.payload(f"bowei/{AREA}/spaces/{gone}") == "", 30)

        self.gateway.kill()
        wait_until("the will says offline", lambda: self.status(anew) == "offline", 10)
        self.start_gateway()
        wait_until("online again", lambda: self.status(anew) == "online", 10)
        self.assertEqual(self.gateway.stop(), 0)
        wait_until("a stop says offline", lambda: self.status(anew) == "offline", 5)
        for client in field.values():
            client.disconnect()
            client.loop_stop()

    def sensor(self, number):
        client = mqtt.Client(client_id=f"sensor-{number}", clean_session=True)
        client.username_pw_set(f"dev-{number}", f"dev-{number}-password")
        client.connect("127.0.0.1", self.broker_port, keepalive=60)
        client.loop_start()
        wait_until("the sensor is connected", client.is_connected, 10)
        return client

    def try_listener(self):
        try:
            return self.listener("city", f"bowei/{AREA}/#")
        except OSError:
            return None

    def test_operators_get_their_own_alerts(self):
        self.bikes = "bikes:\n  dwell_s: 1\n"
        field = self.folder / "field"
        self.process("make", [SIM, "make", "--dir", field, "--spaces", 20, "--bikes", 20, "--seed", 11,
                              "--broker-port", self.broker_port]).child.wait(20)
        self.bowei("import", "--config", self.write_config(), "--replace", "--allow-removals", "--quiet",
                   *sorted((field / "fleet").iterdir()))
        key = self.key("operator", "HLO")
        self.start_gateway()
        own, other = self.listener("HLO", "bowei/+/operators/HLO/alerts"), self.listener("MTN", "bowei/+/operators/+/alerts")
        wait_until("connected", lambda: self.metrics()["bowei_mqtt_out_connects_total"] >= 1, 10)

        north = max((f["location"] for f in self.get("/v1/fences?limit=1000")[1]["items"]), key=lambda at: at["lat"])
        self.assertEqual(self.report(key, north, 1)[0], 200)
        topic = f"bowei/{AREA}/operators/HLO/alerts"
        told = json.loads(wait_until("the operator is told", lambda: own.payload(topic), 15))
        shown = self.get(f"/v1/alerts/{told['id']}", key=key)[1]
        self.assertEqual((told["kind"], told["state"], told["vehicle"]), ("out_of_fence", "open", "HLO-90000001"))
        self.assertEqual(set(told), set(shown))
        self.assertEqual(self.request("POST", f"/v1/alerts/{told['id']}/ack", {}, key=key)[0], 200)
        wait_until("the next change is told", lambda: json.loads(own.payload(topic))["state"] == "acknowledged", 10)

        # the broker is away: what changed meanwhile comes when it is back, to sessions that it kept
        self.broker.stop()
        self.assertEqual(self.request("POST", f"/v1/alerts/{told['id']}/dispatch", {}, key=key)[0], 200)
        self.broker.start()
        wait_until("what came meanwhile is told", lambda: json.loads(own.payload(topic))["state"] == "dispatched", 30)
        self.assertEqual(other.all, [])

    def report(self, key, at, number):
        """A bike half a kilometre north of the place."""
        item = {"event_id": f"e-{number}", "vehicle": f"HLO-9000000{number}", "time": now_rfc3339(), "lock": "locked",
                "location": {"lat": at["lat"] + 0.005, "lon": at["lon"], "accuracy_m": 5}}
        return self.request("POST", "/v1/vehicles/telemetry", {"crs": "wgs84", "items": [item]}, key=key)


if __name__ == "__main__":
    unittest.main()
