"""Polled sensors end to end: a DX80 node that loses its radio link, a recalibration from the REST call to the register, an
impostor under a unit's number."""
import json
import unittest

from modbus_field import ModbusField
from testbed import Testbed, space_id, wait_until

NODE_1, NODE_2 = 16, 32  # wire addresses of I/O 1: register = I/O + 16 * node, address = register - 1
STATUS, BASELINE = 7, 13
LINK_LOST = 0x3501


class ModbusDevices(Testbed):
    def setUp(self):
        super().setUp()
        self.field = ModbusField()
        self.addCleanup(self.field.close)
        self.field.set(1, r16=600, r32=10)
        self.field.set(2, r0=1, r1=0, r9=0x4711)
        self.modbus = ("lines:\n  - name: kerb\n    host: 127.0.0.1\n"
                       f"    port: {self.field.port}\n    units:\n"
                       "      - {name: dx80, unit: 1, map: dx80_raw, period_ms: 200}\n"
                       "      - {name: box, unit: 2, map: box, period_ms: 200}\n"
                       "maps:\n  - name: box\n    function: 2\n    channels: 2\n    identity: {function: 3, address: 9, value: 0x4711}\n"
                       "  - name: dx80_raw\n    channels: 2\n")
        self.ids = [space_id(i + 1) for i in range(4)]
        self.make_city([(s, 42.25 + i * 1e-4, 118.88) for i, s in enumerate(self.ids)],
                       [("kerb/dx80", "kerb", "", 1, self.ids[0]), ("kerb/dx80", "kerb", "", 2, self.ids[1]),
                        ("kerb/box", "kerb", "", 1, self.ids[2]), ("kerb/box", "kerb", "", 2, self.ids[3])])
        self.start_gateway()
        self.staff = self.key("staff")
        wait_until("all are read", lambda: [self.space(s)["state"] for s in self.ids] == ["occupied", "free", "occupied", "free"], 10)

    def recalibrate(self, device="kerb/dx80", **body):
        return self.request("POST", f"/v1/devices/{device}/recalibrate", body, key=self.staff)[:2]

    def outcome(self, channel, device="kerb/dx80"):
        rows = self.get("/v1/devices", key=self.staff)[1]["items"]
        return next(r for r in rows if r["id"] == device and r["channel"] == channel)["recalibration"]

    def writes(self, unit=1):
        with self.field.lock:
            return [w[1:] for w in self.field.unit(unit).writes]

    def test_a_lost_radio_link_is_unknown_and_ends_no_stay(self):
        before = self.space(self.ids[0])
        # the radio gateway keeps the node's last value, then even falls back to its default of 0: the car stands all the time
        self.field.set(1, **{f"r{NODE_1 + STATUS}": LINK_LOST})
        lost = wait_until("the link is lost", lambda: (lambda s: s if s["state"] == "unknown" else None)(self.space(self.ids[0])), 5)
        self.assertEqual((lost["reason"], lost["confidence"]), ("link_lost", 0))
        self.assertEqual(lost["known"], before["known"])
        self.field.set(1, **{f"r{NODE_1}": 0})
        self.assertEqual(self.space(self.ids[1])["state"], "free", "the neighbour goes on")
        polls = self.field.unit(1).asked
        wait_until("some rounds later", lambda: self.field.unit(1).asked > polls + 5, 10)
        self.assertEqual(self.space(self.ids[0])["known"], before["known"], "the value of a dead node is not believed")
        # back with the same car: the same stay goes on
        self.field.set(1, **{f"r{NODE_1}": 620, f"r{NODE_1 + STATUS}": 0})
        back = wait_until("back", lambda: (lambda s: s if s["state"] == "occupied" else None)(self.space(self.ids[0])), 2)
        self.assertEqual(back["known"], before["known"], "no departure, no arrival")
        # and the true state at once when it has changed meanwhile
        self.field.set(1, **{f"r{NODE_1 + STATUS}": LINK_LOST})
        wait_until("lost again", lambda: self.space(self.ids[0])["state"] == "unknown", 5)
        asked = self.field.unit(1).asked
        self.field.set(1, **{f"r{NODE_1}": 5, f"r{NODE_1 + STATUS}": 0})
        free = wait_until("free", lambda: (lambda s: s if s["state"] == "free" else None)(self.space(self.ids[0])), 2)
        self.assertLessEqual(self.field.unit(1).asked - asked, 2, "the first good value counts")
        self.assertGreater(free["known"]["since"], before["known"]["since"])

    def test_recalibrate_is_guarded_audited_and_written_once(self):
        self.assertEqual(self.request("POST", "/v1/devices/kerb/dx80/recalibrate", {})[0], 401)
        self.assertEqual(self.request("POST", "/v1/devices/kerb/dx80/recalibrate", {}, key=self.key("operator", "DEMO"))[0], 403)
        status, body = self.recalibrate(channel=1)
        self.assertEqual(status, 409, body)
        self.assertIn("is occupied, not known free", body["detail"])
        self.assertEqual(self.recalibrate()[0], 409, "one of its bays is occupied")
        self.assertEqual(self.recalibrate(channel=3)[0], 422)
        self.assertEqual(self.recalibrate(channel=1, force=True)[0], 422, "force needs a reason")
        status, body = self.recalibrate("kerb/box", channel=2)
        self.assertEqual(status, 409, body)
        self.assertIn("no recalibrate write", body["detail"])
        self.assertEqual(self.recalibrate("kerb/none")[0], 404)
        self.assertEqual(self.writes(), [])
        status, body = self.recalibrate(channel=2)
        self.assertEqual(status, 202, body)
        self.assertEqual(body["channels"], [2])
        wait_until("written", lambda: self.outcome(2)["outcome"] == "done", 5)
        self.assertEqual(self.writes(), [(6, NODE_2 + BASELINE, 1)])
        status, body = self.recalibrate(channel=1, force=True, reason="stuck since the storm")
        self.assertEqual(status, 202, body)
        wait_until("written", lambda: self.outcome(1)["outcome"] == "done", 5)
        self.assertEqual(self.writes(), [(6, NODE_2 + BASELINE, 1), (6, NODE_1 + BASELINE, 1)])
        with self.field.lock:
            self.field.unit(1).exception = 4
        self.assertEqual(self.recalibrate(channel=2)[0], 202)
        told = wait_until("refused", lambda: (lambda o: o if o["outcome"] == "refused" else None)(self.outcome(2)), 5)
        self.assertEqual(told["exception"], 4)
        dump = [json.loads(line) for line in self.bowei("journal", "dump", "--json", "--config", self.folder / "bowei.yaml").stdout.splitlines()]
        text = json.dumps(dump)
        self.assertIn("channel 1, forced: stuck since the storm", text)
        metrics = self.metrics()
        self.assertEqual(metrics['bowei_modbus_writes_total{result="done"}'], 2)
        self.assertEqual(metrics['bowei_modbus_writes_total{result="refused"}'], 1)

    def test_the_command_line_recalibrates(self):
        key = self.folder / "staff.key"
        key.write_text(self.staff + "\n")
        key.chmod(0o600)
        url = f"http://127.0.0.1:{self.http_port}"
        done = self.bowei("devices", "recalibrate", "kerb/dx80", "--channel", "1", "--key-file", key, "--url", url, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("not known free", done.stdout + done.stderr)
        self.bowei("devices", "recalibrate", "kerb/dx80", "--channel", "2", "--key-file", key, "--url", url)
        wait_until("written", lambda: self.writes() == [(6, NODE_2 + BASELINE, 1)], 5)
        self.bowei("devices", "recalibrate", "kerb/dx80", "--channel", "1", "--force", "--reason", "test", "--key-file", key, "--url", url)
        wait_until("written", lambda: len(self.writes()) == 2, 5)

    def test_an_impostor_is_not_believed(self):
        self.field.set(2, r9=1234, r0=0)
        with self.field.lock:
            self.field.unit(2).silent = True
        wait_until("a time-out", lambda: self.metrics().get('bowei_modbus_polls_total{result="timeout"}', 0) > 0, 10)
        with self.field.lock:
            self.field.unit(2).silent = False
        wait_until("a fault", lambda: self.space(self.ids[2])["reason"] == "device_fault", 15)
        self.assertEqual(self.space(self.ids[2])["known"]["state"], "occupied")
        self.assertEqual(self.metrics()["bowei_modbus_identity_mismatches_total"], 1)
        self.field.set(2, r9=0x4711)
        wait_until("the right one", lambda: self.space(self.ids[2])["state"] == "free", 10)


if __name__ == "__main__":
    unittest.main()
