"""Pushes over HTTP: what was answered 200 survives kill -9 and an absent Redis, a full disk gets 507 and the platform's retry
is taken once there is room, and nobody gets in without the source's secret."""
import base64
import hashlib
import json
import os
import signal
import subprocess
import time
import unittest

from testbed import Testbed, space_id, wait_until

SPACES = 20
SECRET, TOKEN = "telecom-secret-0123456789", "onenet-token-0123456789"


class Push(Testbed):
    modbus = ("push:\n"
              "  - {name: telecom, envelope: wxhs, auth: query, secret: \"${PUSH_SECRET}\"}\n"
              "  - {name: mobile, envelope: onenet, auth: onenet, secret: \"${PUSH_TOKEN}\"}\n"
              "mappings:\n"
              "  - {name: wxhs, device: deviceId, occupied: payload.parking_state, states: \"1=occupied,0=free\", time: timestamp}\n")

    def setUp(self):
        super().setUp()
        for name, value in (("PUSH_SECRET", SECRET), ("PUSH_TOKEN", TOKEN)):
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)
        self.ids = [space_id(i + 1) for i in range(SPACES)]
        self.at = int(time.time() * 1000)

    def city(self):
        self.start_redis()
        self.make_city([(s, 42.25 + i * 1e-5, 118.88) for i, s in enumerate(self.ids)],
                       [(f"bay-{i}", "telecom", "wxhs_pmd", 0, s) for i, s in enumerate(self.ids[:-1])] +
                       [("864016059485616", "mobile", "native", 0, self.ids[-1])])
        self.start_gateway()

    def telecom(self, bay, occupied, key=SECRET, device=None):
        self.at += 1
        return self.push_again({"messageType": "dataReport", "deviceId": device or f"bay-{bay}", "timestamp": self.at, "IMEI": "",
                                "payload": {"parking_state": int(occupied), "Manufacturer": "WXHS"}}, key)

    def push_again(self, body, key=SECRET):
        self.last = body
        return self.request("POST", f"/v1/push/telecom?key={key}", body)

    def states(self):
        return [s["state"] for _, s in sorted(self.all_spaces().items(), key=lambda p: self.ids.index(p[0]))]


class Kept(Push):
    def test_two_hundred_is_kept(self):
        self.city()
        for i in range(SPACES - 1):
            status, body, _ = self.telecom(i, occupied=False)
            self.assertEqual((status, body), (200, {"kept": 1, "refused": 0, "unknown": 0, "ignored": 0}))
        wait_until("all are free", lambda: self.states()[:-1] == ["free"] * (SPACES - 1), 5)

        # Redis stands still, so that only the journal can have what comes now
        self.redis_process.signal(signal.SIGSTOP)
        for round_number in range(3):
            for i in range(SPACES - 1):
                status, _, _ = self.telecom(i, occupied=(i + round_number) % 2 == 0)
                self.assertEqual(status, 200)
            self.gateway.kill()
            self.redis_process.signal(signal.SIGCONT)
            self.start_gateway()
            want = ["occupied" if (i + round_number) % 2 == 0 else "free" for i in range(SPACES - 1)]
            wait_until("what was answered 200 is there", lambda w=want: self.states()[:-1] == w, 10)
            self.redis_process.signal(signal.SIGSTOP)
        self.redis_process.signal(signal.SIGCONT)

        # a retry of the last message is a duplicate, an older one is late: neither changes anything
        before = self.space(self.ids[0])["since"]
        self.assertEqual(self.push_again(self.last)[0], 200)
        self.assertEqual(self.space(self.ids[0])["since"], before)

        # what nobody has imported, or what is not taken, is 200 and counted; a stranger is not heard
        self.assertEqual(self.telecom(0, True, device="bay-99")[1]["unknown"], 1)
        self.assertEqual(self.telecom(0, True, device="864016059485616")[1]["unknown"], 1)
        self.assertEqual(self.push_again({"deviceId": "bay-0", "payload": {"parking_state": 7}})[1]["refused"], 1)
        for key in ("", SECRET[:-1], SECRET + "0", TOKEN):
            self.assertIn(self.telecom(0, True, key=key)[0], (400, 401))
        self.assertEqual(self.request("POST", "/v1/push/nobody?key=" + SECRET, {})[0], 401)
        metrics = self.metrics()
        self.assertEqual(metrics["bowei_push_refused_total{reason=\"field\"}"], 1)
        self.assertGreaterEqual(metrics["bowei_push_denied_total"], 4)
        self.assertNotIn(SECRET, (self.folder / "bowei.log").read_text())

    def test_onenet(self):
        def sign(msg):
            return base64.b64encode(hashlib.md5((TOKEN + "abcdefgh" + msg).encode()).digest()).decode()

        self.city()
        quoted = sign("hello").replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        status, body, _ = self.get(f"/v1/push/mobile?msg=hello&nonce=abcdefgh&signature={quoted}")
        self.assertEqual((status, body), (200, b"hello"))
        self.assertEqual(self.get(f"/v1/push/mobile?msg=hallo&nonce=abcdefgh&signature={quoted}")[0], 401)
        for at, what, reason in ((self.at, '"type": 1, "value": 1', "starting"), (self.at + 1, '"type": 2, "status": 0', "link_lost")):
            msg = '{"dev_id": 1, "at": %d, "imei": "864016059485616", %s}' % (at, what)
            signed = {"msg": json.loads(msg), "nonce": "abcdefgh", "msg_signature": sign(msg)}
            self.assertEqual(self.request("POST", "/v1/push/mobile", signed)[1]["kept"], 1)
            wait_until(reason, lambda r=reason: self.space(self.ids[-1])["reason"] == r, 5)
            self.assertEqual(self.request("POST", "/v1/push/mobile", dict(signed, nonce="abcdefgi"))[0], 401)


class Reload(Push):
    """A secret is changed without a gap and without a restart."""

    def write_secret(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def configure(self, secret, former=None, envelope="wxhs"):
        lines = [f"secret_file: {self.write_secret('secret', secret)}"]
        if former:
            lines.append(f"former_secret_file: {self.write_secret('former', former)}")
        self.modbus = ("push:\n  - name: telecom\n    envelope: %s\n    auth: query\n    " % envelope + "\n    ".join(lines) + "\n" +
                       Push.modbus[Push.modbus.index("mappings:"):])

    def reload(self):
        self.write_config()
        return self.bowei("reload", "--config", self.folder / "bowei.yaml", check=False).returncode

    def answers(self, *secrets):
        return [self.telecom(0, True, key=s)[0] for s in secrets]

    def test_a_secret_is_changed(self):
        first, second = "first-secret-0123456789", "second-secret-0123456789"
        self.configure(first)
        self.city()
        self.assertEqual(self.answers(first, second), [200, 401])
        self.configure(second, former=first)
        self.assertEqual(self.reload(), 0)
        self.assertEqual(self.answers(first, second), [200, 200])
        self.configure(second, envelope="carrier-pigeon")
        self.assertNotEqual(self.reload(), 0)
        self.assertEqual(self.answers(first, second), [200, 200])
        self.configure(second)
        self.assertEqual(self.reload(), 0)
        self.assertEqual(self.answers(first, second), [401, 200])


@unittest.skipUnless(os.geteuid() == 0, "mounting a small tmpfs needs root")
class DiskFull(Push):
    journal_options = "journal:\n  reserve_mib: 1\n"

    def test_a_full_disk_is_said_and_the_retry_is_taken(self):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", self.state], capture_output=True)
        if done.returncode != 0:
            self.skipTest("no tmpfs can be mounted here: " + done.stderr.decode())
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.state], check=False))
        self.city()
        self.assertEqual(self.telecom(0, occupied=False)[0], 200)
        ballast = self.state / "ballast"
        with open(ballast, "wb", buffering=0) as f:
            for size in (65536, 64):
                try:
                    while True:
                        f.write(b"\0" * size)
                except OSError:
                    pass
        answers = []

        def refused():
            answers.append(self.telecom(0, occupied=True)[0])
            return answers[-1] == 507

        wait_until("a push is refused with 507", refused, 60, 0)
        self.assertEqual(set(answers), {200, 507})
        again = self.last
        ballast.unlink()
        wait_until("the platform's retry is taken", lambda: self.push_again(again)[0] == 200, 30, 0.2)
        self.gateway.kill()
        self.start_gateway()
        self.assertEqual(self.space(self.ids[0])["state"], "occupied")


if __name__ == "__main__":
    unittest.main()
