"""What a technician does: health and its filters, why a bay says what it says, live frames, test mode, swapping a sensor;
and the rule that takes a liar out of the vote."""
import contextlib
import http.client
import json
import threading
import time
import unittest

from testbed import Testbed, now_rfc3339, space_id, wait_until


class Technician(Testbed):
    rule = "false"

    def config_text(self):
        return super().config_text() + ("devices:\n  check_s: 1\n  neighbours: 3\n  inverted_rounds: 4\n  out_of_step_rounds: 3\n"
                                        f"  suspect_rule: {self.rule}\n")

    def setUp(self):
        super().setUp()
        self.ids = [space_id(i + 1) for i in range(6)]
        self.start_redis()
        spaces = [(s, 42.25 + i * 1e-4, 118.88) for i, s in enumerate(self.ids)]
        devices = [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(self.ids)]
        devices.append(("a81758fffe000001", "mqtt", "bosch_tps110", 0, self.ids[5]))
        self.make_city(spaces, devices)
        self.start_gateway()
        self.staff = self.key("staff")
        self.key_file = self.folder / "staff.key"
        self.key_file.write_text(self.staff + "\n")
        self.field = self.publisher()
        self.addCleanup(self.field.close)
        self.counter = 0

    def say(self, device, **fields):
        self.counter += 1
        info = self.field.native(device, counter=self.counter, **fields)
        self.field.settle(info)

    def all_say(self, others, first):
        for i in range(6):
            self.say(f"dev-{i}", occupied=first if i == 0 else others)

    def tool(self, *args, check=True):
        return self.bowei(*args, "--url", f"http://127.0.0.1:{self.http_port}", "--key-file", self.key_file, check=check)

    def devices(self, query=""):
        status, body, _ = self.get(f"/v1/devices{query}", key=self.staff)
        self.assertEqual(status, 200, body)
        return body["items"]

    def device(self, ident):
        status, body, _ = self.get(f"/v1/devices/{ident}", key=self.staff)
        self.assertEqual(status, 200, body)
        return body

    def uplink(self, frame_base64, counter, fport=1):
        message = {"time": now_rfc3339(), "deviceInfo": {"devEui": "a81758fffe000001"}, "fCnt": counter, "fPort": fport,
                   "data": frame_base64, "rxInfo": [{"rssi": -97}]}
        self.field.settle(self.field.publish("application/a/device/a81758fffe000001/event/up", json.dumps(message)))


class Health(Technician):
    def test_figures_filters_and_frames(self):
        self.say("dev-0", occupied=True, battery_v=2.9, rssi=-80)
        self.uplink("AQ==", 10)      # occupied
        self.uplink("AA==", 13)      # free; two were lost
        self.uplink("AA==", 13)      # twice
        self.uplink("AQEB", 14)      # three bytes on port 1: refused
        detail = wait_until("all noted", lambda: (lambda d: d if len(d["recent"]) == 4 else None)(self.device("a81758fffe000001")), 5)
        channel = detail["channels"][0]
        self.assertEqual((channel["frames"], channel["lost"], channel["duplicates"], channel["refused"]), (4, 2, 1, 1))
        self.assertEqual(detail["refused_by_reason"], {"length": 1})
        self.assertLess(abs(channel["clock_offset_s"]), 3)
        self.assertEqual(channel["rssi_dbm"], -97)
        self.assertEqual([(f["hex"], f["fate"]) for f in detail["recent"]],
                         [("010101", "refused"), ("00", "taken"), ("00", "taken"), ("01", "taken")])
        self.assertEqual(detail["recent"][0]["refused"], "length")
        self.assertEqual(detail["recent"][3]["decoded"]["value"], "occupied")
        text = self.device("dev-0")["recent"][0]["text"]
        self.assertEqual(json.loads(text)["device"], "dev-0")
        self.assertEqual({d["id"] for d in self.devices("?silent=3600")}, {f"dev-{i}" for i in range(1, 6)})
        self.assertEqual({d["id"] for d in self.devices("?silent=false")}, {"dev-0", "a81758fffe000001"})
        self.assertEqual({d["id"] for d in self.devices("?model=bosch_tps110")}, {"a81758fffe000001"})
        self.assertEqual({d["id"] for d in self.devices("?source=mqtt&battery_below=3000")}, {"dev-0"})
        self.assertEqual(self.devices("?battery_below=2900"), [])
        self.say("dev-4", occupied=True, battery_low=True)
        self.assertEqual({d["id"] for d in wait_until("one says it is low", lambda: self.devices("?battery_below=2900"), 5)}, {"dev-4"})
        self.say("dev-4", occupied=True, battery_low=True, battery_v=3.3)
        wait_until("and gives a voltage", lambda: not self.devices("?battery_below=2900"), 5)
        self.assertEqual(len(self.devices("?street=150402-001")), 7)
        self.assertEqual(self.devices("?street=150402002"), [])
        self.assertEqual(self.devices("?suspicion=any"), [])
        for bad in ("silent=soon", "street=1504", "suspicion=lazy", "battery_below=0"):
            self.assertEqual(self.get(f"/v1/devices?{bad}", key=self.staff)[0], 400, bad)
        self.assertEqual(self.get("/v1/devices/nobody", key=self.staff)[0], 404)
        self.assertEqual(self.get("/v1/devices/dev-0")[0], 401)
        self.assertIn("a81758fffe000001", self.tool("devices", "list", "--model", "bosch_tps110").stdout)
        self.assertIn("dev-0", self.tool("devices", "show", "dev-0").stdout)
        pages, path = [], "/v1/devices?model=native&limit=4"
        while path:
            body = self.get(path, key=self.staff)[1]
            pages += [d["id"] for d in body["items"]]
            path = f"/v1/devices?model=native&limit=4&cursor={body['next']}" if body.get("next") else None
        self.assertEqual(sorted(pages), [f"dev-{i}" for i in range(6)])
        self.assertNotIn("dev-0", self.get("/metrics")[1].decode())

    def test_why(self):
        self.say("dev-0", occupied=True)
        status, why, _ = self.get(f"/v1/spaces/{self.ids[0]}/why", key=self.staff)
        self.assertEqual(status, 200, why)
        self.assertEqual((why["state"], why["reason"]), ("occupied", "fresh"))
        sensor = why["sensors"][0]
        self.assertTrue(sensor["votes"] and sensor["decides"])
        self.assertIsNone(sensor["why_not"])
        self.assertLess(sensor["age_s"], 10)
        # a message that is not newer changes nothing, and one sees that it is not
        counted, self.counter = self.counter, self.counter - 1
        self.say("dev-0", occupied=False)
        why = self.get(f"/v1/spaces/{self.ids[0]}/why", key=self.staff)[1]
        self.assertEqual((why["state"], why["sensors"][0]["counter"]), ("occupied", counted))
        self.assertIn(f"by message {counted} ", self.tool("why", self.ids[0]).stdout)
        self.assertIn(f"counter {counted}  taken: status free", self.tool("watch", "dev-0", "--count", "2").stdout)
        self.assertEqual(self.get(f"/v1/spaces/{self.ids[0]}/why")[0], 401)
        why = self.get(f"/v1/spaces/{self.ids[1]}/why", key=self.staff)[1]
        self.assertEqual((why["reason"], why["sensors"][0]["why_not"]), ("never_heard", "never_heard"))
        self.assertEqual((why["since"], why["fused"]["since"]), (None, None), "as the space itself says it")
        self.request("POST", f"/v1/spaces/{self.ids[0]}/out-of-service", {"reason": "maintenance", "note": "paint"}, key=self.staff)
        why = self.get(f"/v1/spaces/{self.ids[0]}/why", key=self.staff)[1]
        self.assertEqual((why["state"], why["fused"]["state"], why["out_of_service"]["note"]), ("out_of_service", "occupied", "paint"))
        said = self.tool("why", self.ids[0]).stdout
        self.assertIn("dev-0", said)
        self.assertIn("maintenance", said)
        self.assertEqual(self.tool("why", "150402001R0019999X", check=False).returncode, 2)

    def test_watch_shows_frames_and_reasoning(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", f"/v1/spaces/{self.ids[0]}/watch", headers={"Authorization": "Bearer " + self.staff})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        events = []

        def read():
            name = ""
            with contextlib.suppress(AttributeError, OSError, ValueError):  # closed under it at the end
                for line in answer:
                    line = line.decode().rstrip("\n")
                    if line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: "):
                        events.append((name, json.loads(line[6:])))

        threading.Thread(target=read, daemon=True).start()
        wait_until("the first reasoning", lambda: any(n == "why" and e["reason"] == "never_heard" for n, e in events), 5)
        self.say("dev-0", occupied=True)
        wait_until("the frame", lambda: any(n == "frame" and e["device"] == "dev-0" for n, e in events), 5)
        wait_until("what follows", lambda: any(n == "why" and e["state"] == "occupied" for n, e in events), 5)
        count = len(events)
        time.sleep(2.5)
        self.assertEqual(len(events), count, "nothing new, nothing said")
        self.assertEqual(self.get(f"/v1/spaces/{self.ids[0]}/watch")[0], 401)
        said = self.tool("watch", "dev-0", "--count", "2", "--json").stdout.splitlines()
        self.assertEqual({json.loads(line)["event"] for line in said}, {"frame", "why"})
        self.assertIn("dev-0", self.tool("watch", self.ids[0], "--count", "2").stdout)

    def test_a_waved_magnet_is_not_counted(self):
        self.say("dev-0", occupied=False)
        wait_until("free", lambda: self.space(self.ids[0])["state"] == "free", 5)
        known = self.space(self.ids[0])["known"]
        self.tool("devices", "test", "dev-0", "--note", "new sensor")
        self.assertEqual((self.space(self.ids[0])["state"], self.space(self.ids[0])["reason"]), ("unknown", "sensor_suspect"))
        self.say("dev-0", occupied=True)
        why = wait_until("it is heard", lambda: (lambda w: w if w["sensors"][0]["value"] == "occupied" else None)(
            self.get(f"/v1/spaces/{self.ids[0]}/why", key=self.staff)[1]), 5)
        self.assertEqual((why["sensors"][0]["why_not"], why["state"]), ("in_test", "unknown"))
        self.gateway.kill()
        self.start_gateway()
        self.assertTrue(self.device("dev-0")["channels"][0]["in_test"], "a test survives kill -9")
        self.say("dev-0", occupied=False)
        self.tool("devices", "test", "dev-0", "--end")
        wait_until("counts again", lambda: self.space(self.ids[0])["state"] == "free", 5)
        self.assertEqual(self.space(self.ids[0])["known"], known, "no arrival, no departure")
        status, _, _ = self.request("POST", "/v1/devices/dev-0/test", {"until": now_rfc3339(int(time.time() * 1000) + 1500)}, key=self.staff)
        self.assertEqual(status, 200)
        self.assertEqual(self.space(self.ids[0])["state"], "unknown")
        wait_until("it ends by itself", lambda: self.space(self.ids[0])["state"] == "free", 5)
        self.assertEqual(self.request("DELETE", "/v1/devices/dev-0/test", key=self.staff)[0], 409)
        self.assertEqual(self.request("POST", "/v1/devices/dev-0/test", {}, key=self.staff)[0], 422)

    def test_swap_keeps_the_id_and_the_state(self):
        self.say("dev-0", occupied=True)
        wait_until("occupied", lambda: self.space(self.ids[0])["state"] == "occupied", 5)
        known = self.space(self.ids[0])["known"]
        self.tool("devices", "swap", "dev-0", "dev-new", "--note", "battery dead", "--config", self.folder / "bowei.yaml")
        shown = self.space(self.ids[0])
        self.assertEqual((shown["state"], shown["reason"], shown["known"]), ("unknown", "never_heard", known))
        self.say("dev-new", occupied=True)
        wait_until("occupied again", lambda: self.space(self.ids[0])["state"] == "occupied", 5)
        self.assertEqual(self.space(self.ids[0])["known"], known, "the same car: no departure, no arrival")
        self.say("dev-0", occupied=False)  # the old one in the technician's bag
        self.assertEqual(self.space(self.ids[0])["state"], "occupied")
        rows = wait_until("audited", lambda: [a for _, a in self.redis().xrange("bowei:{city}:audit")
                                              if a.get("command") == "device_installed"], 5)
        self.assertEqual((rows[0]["device"], rows[0]["actor"], rows[0]["note"]), ("dev-new", "test-staff", "replaces dev-0; battery dead"))
        again = self.tool("devices", "swap", "nobody", "dev-x", "--config", self.folder / "bowei.yaml", check=False)
        self.assertEqual(again.returncode, 4)
        self.tool("devices", "bind", "dev-second", self.ids[1], "--source", "mqtt", "--model", "native", "--config", self.folder / "bowei.yaml")
        self.assertEqual({d["id"] for d in self.devices() if d.get("space") == self.ids[1]}, {"dev-1", "dev-second"})
        bad = self.tool("devices", "bind", "dev-third", "150402001R0019999X", "--source", "mqtt", "--config", self.folder / "bowei.yaml", check=False)
        self.assertEqual(bad.returncode, 3)

    def test_an_installation_is_examined_first(self):
        config = ("--config", self.folder / "bowei.yaml")

        def refused(code, said, *args):
            done = self.tool("devices", *args, *config, check=False)
            self.assertEqual((done.returncode, said in done.stderr), (code, True), (args, done.stderr))

        refused(7, f"dev-2 watches {self.ids[2]} already", "swap", "dev-1", "dev-2")
        refused(7, "dev-1 watches", "swap", "dev-1", "dev-1")
        refused(7, f"dev-1 watches {self.ids[1]} already", "bind", "dev-1", self.ids[4], "--source", "mqtt")
        refused(3, "no line, link or push of", "bind", "dev-x", self.ids[4], "--source", "mqt")
        refused(3, "nwave_ncc405 is a counter", "bind", "dev-x", self.ids[4], "--source", "mqtt", "--model", "nwave_ncc405")
        refused(3, "ibeacon is a beacon", "swap", "dev-1", "dev-x", "--model", "ibeacon")
        refused(2, "too long for the audit", "swap", "dev-1", "dev-x", "--note", "电池没电" * 12)
        self.assertEqual({d["id"]: d["space"] for d in self.devices("?model=native")}, {f"dev-{i}": self.ids[i] for i in range(6)})
        self.assertEqual(self.redis().xlen("bowei:{city}:audit"), 0)
        warned = self.tool("devices", "bind", "dev-x", self.ids[4], "--source", "mqtt", "--model", "bosch_tps11", *config)
        self.assertIn('did you mean "bosch_tps110"?', warned.stderr)
        self.tool("devices", "bind", "dev-1", self.ids[1].lower(), "--source", "mqtt", "--model", "native", *config)  # where it is: no news
        self.tool("devices", "swap", "dev-1", "dev-2", "--move", *config)
        self.assertEqual({d["id"]: d["space"] for d in self.devices("?model=native")}["dev-2"], self.ids[1])
        self.assertEqual(self.space(self.ids[2])["reason"], "unbound")
        self.say("dev-y", occupied=True)

        def strangers():
            return [d["id"] for d in self.get("/v1/devices/unknown", key=self.staff)[1]["items"]]

        wait_until("a stranger", lambda: strangers() == ["dev-y"], 5)
        self.tool("devices", "bind", "dev-y", self.ids[2], "--source", "mqtt", *config)
        self.assertEqual(strangers(), [], "it is none any more")
        # what the inventory says of a device that waits in the store holds when it is installed
        stored = self.write_csv("stored.csv", ["id", "source", "stale_limit_s", "invert"], [("dev-stored", "mqtt", 60, "true")])
        self.bowei("import", *config, stored)
        self.tool("devices", "swap", "dev-3", "dev-stored", *config)
        self.say("dev-stored", occupied=False)
        self.assertEqual(self.space(self.ids[3])["state"], "occupied", "it is wired the wrong way round, and the inventory says so")
        self.assertTrue(self.device("dev-stored")["channels"][0]["inverted"])
        self.assertEqual(self.get(f"/v1/spaces/{self.ids[3]}/why", key=self.staff)[1]["sensors"][0]["limit_s"], 60)
        self.gateway.kill()
        self.start_gateway()
        self.assertEqual(self.space(self.ids[3])["state"], "occupied")

    def invert(self, noticed):
        """dev-0 says the opposite of its lot, each way in turn for some rounds, until that is noticed."""
        for turn in range(10):
            self.all_say(turn % 2 == 0, turn % 2 == 1)
            with contextlib.suppress(AssertionError):
                return wait_until("noticed", noticed, 4)
        raise AssertionError("an inverted sensor is not noticed")

    def test_an_inverted_sensor_is_suspected(self):
        found = self.invert(lambda: self.devices("?suspicion=inverted"))
        self.assertEqual([d["id"] for d in found], ["dev-0"])
        evidence = self.device("dev-0")["evidence"]
        self.assertEqual(evidence[0]["suspicion"], "inverted")
        self.assertIn("opposite", evidence[0]["evidence"])
        self.assertEqual(self.space(self.ids[0])["reason"], "fresh", "suspected, and still believed: the rule is off")


class Rule(Technician):
    rule = "true"
    invert = Health.invert

    def test_the_rule_takes_it_out_and_staff_put_it_back(self):
        self.invert(lambda: self.space(self.ids[0])["reason"] == "sensor_suspect")
        self.assertEqual(self.space(self.ids[1])["reason"], "fresh")
        rows = wait_until("audited", lambda: [a for _, a in self.redis().xrange("bowei:{city}:audit") if a.get("actor") == "rule"], 5)
        self.assertEqual((rows[0]["command"], rows[0]["device"]), ("device_suspect", "dev-0"))
        self.assertTrue(rows[0]["note"].startswith("inverted"))
        self.gateway.kill()
        self.start_gateway()
        self.assertTrue(self.device("dev-0")["channels"][0]["suspect"], "journalled as staff's is")
        self.assertLess(self.request("DELETE", "/v1/devices/dev-0/suspect", key=self.staff)[0], 300)
        time.sleep(2.5)
        self.assertFalse(self.device("dev-0")["channels"][0]["suspect"], "staff have the last word")


if __name__ == "__main__":
    unittest.main()
