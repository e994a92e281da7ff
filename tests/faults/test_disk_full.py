"""A full disk: writes get 507, nothing is acknowledged that is not kept, and room heals it without a restart."""
import os
import subprocess
import time
import unittest

from receivers import Hooks
from testbed import Testbed, space_id, wait_until

SPACES = 50
TRIES = 5
KINDS = ("order", "facility", "pile_up", "no_parking")


@unittest.skipUnless(os.geteuid() == 0, "mounting a small tmpfs needs root")
class SmallDisk(Testbed):
    journal_options = "journal:\n  reserve_mib: 1\n"

    def setUp(self):
        super().setUp()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", self.state], capture_output=True)
        if done.returncode != 0:
            self.skipTest("no tmpfs can be mounted here: " + done.stderr.decode())
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.state], check=False))

    def fill(self):
        self.ballast = self.state / "ballast"
        with open(self.ballast, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"\0" * 65536)
            except OSError:
                pass
            try:
                while True:
                    f.write(b"\0" * 64)
            except OSError:
                pass


class DiskFull(SmallDisk):
    def test_full_disk(self):
        ids = [space_id(i + 1) for i in range(SPACES)]
        self.start_redis()
        self.make_city([(s, 42.25 + i * 1e-5, 118.88) for i, s in enumerate(ids)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(ids)])
        self.start_gateway()
        key = self.key()
        field = self.publisher()
        for i in range(SPACES):
            info = field.native(f"dev-{i}", occupied=False, counter=1)
        field.settle(info)
        wait_until("all free", lambda: self.get("/v1/city")[1]["free"] == SPACES, 10)

        self.fill()
        numbers = [2]

        def refused():
            numbers[0] += 1
            for i in range(SPACES):
                field.native(f"dev-{i}", occupied=True, counter=numbers[0])
            return "disk_full" in self.get("/v1/city")[1]["degraded"]

        wait_until("the gateway says that the disk is full", refused, 30, 0.2)
        # staff writes: the reserve may carry some, then 507; never a 2xx that is not kept
        answers = []

        def write_refused():
            i = len(answers) % SPACES
            method = "POST" if (len(answers) // SPACES) % 2 == 0 else "DELETE"
            body = {"reason": "maintenance", "note": "x" * 100} if method == "POST" else None
            status, _, _ = self.request(method, f"/v1/spaces/{ids[i]}/out-of-service", body=body, key=key)
            answers.append((i, method, status))
            return status == 507

        wait_until("a write is refused with 507", write_refused, 60, 0)
        self.assertTrue({s for _, _, s in answers} <= {200, 201, 204, 507}, {s for _, _, s in answers})
        self.assertEqual(self.get("/v1/city")[0], 200, "reads go on")

        os.unlink(self.ballast)
        wait_until("healed without a restart", lambda: "disk_full" not in self.get("/v1/city")[1]["degraded"], 30)
        out = {}
        for i, method, status in answers:
            if status < 300:
                out[i] = method == "POST"
        spaces = self.all_spaces()
        for i, is_out in out.items():
            self.assertEqual(spaces[ids[i]]["state"] == "out_of_service", is_out, (i, is_out, spaces[ids[i]]))
        # what the broker kept for us comes now: the last number wins
        wait_until("the broker's backlog arrives", lambda: all(
            s["known"]["state"] == "occupied" for s in self.all_spaces().values()), 60, 0.2)
        self.gateway.kill()
        self.gateway.start()
        wait_until("the gateway is ready", self.ready, 30)
        spaces = self.all_spaces()
        for i, is_out in out.items():
            self.assertEqual(spaces[ids[i]]["state"] == "out_of_service", is_out, (i, is_out, spaces[ids[i]]))
        field.close()


class StartOnAFullDisk(SmallDisk):
    def test_reads_go_on(self):
        """A process that ends while the disk is full comes back and serves what it knows."""
        space = space_id(1)
        self.start_redis()
        self.make_city([(space, 42.25, 118.88)], [("dev-0", "mqtt", "native", 0, space)])
        self.start_gateway()
        field = self.publisher()
        field.settle(field.native("dev-0", occupied=True, counter=1))
        wait_until("in Redis", lambda: self.redis_states().get(space, {}).get("state") == "occupied", 10)
        self.gateway.kill()
        epoch = int((self.state / "epoch").read_text())
        (self.state / "journal" / "reserve").unlink()
        self.fill()
        self.gateway.start()
        wait_until("serving", self.ready, 30)
        self.assertEqual(self.all_spaces()[space]["state"], "occupied")
        self.assertIn("disk_full", self.get("/v1/city")[1]["degraded"])
        self.assertGreater(int((self.state / "epoch").read_text()), epoch)
        os.unlink(self.ballast)
        wait_until("healed", lambda: "disk_full" not in self.get("/v1/city")[1]["degraded"], 30)
        field.settle(field.native("dev-0", occupied=False, counter=2))
        wait_until("taken again", lambda: self.all_spaces()[space]["state"] == "free", 30)
        field.close()


class DeskOnAFullDisk(Hooks, SmallDisk):
    def kept(self):
        """What stands after a restart: {number: notes}, ids and secrets' owners of webhooks."""
        cases = self.get("/v1/cases?limit=1000", key=self.staff)[1]["items"]
        notes = {c["id"]: [h["note"] for h in self.get(f"/v1/cases/{c['id']}", key=self.staff)[1]["history"]] for c in cases}
        return notes, [w["id"] for w in self.get("/v1/webhooks", key=self.keys["HLO"])[1]["items"]]

    def test_cases_and_webhooks(self):
        receiver = self.receiver()
        hook = self.subscribe("HLO", receiver.url)
        said = {}
        for kind in KINDS:
            status, case, _ = self.request("POST", "/v1/cases", {"kind": kind, "source": "patrol", "place": space_id(1), "text": "first"},
                                           key=self.staff)
            self.assertEqual(status, 201, case)
            said[case["id"]] = []
        self.fill()
        answers = []

        def refused():
            number = sorted(said)[len(answers) % len(said)]
            text = f"note {len(answers)} " + "x" * 150
            answers.append(self.request("POST", f"/v1/cases/{number}/note", {"note": text}, key=self.staff)[0])
            if answers[-1] == 200:
                said[number].append(text)
            return answers[-1] == 507

        wait_until("a move is refused with 507", refused, 60, 0)
        self.assertEqual(set(answers) - {200, 507}, set())
        new = {"kind": "order", "source": "patrol", "text": "late", "location": {"lat": 42.25, "lon": 118.88}}
        for _ in range(TRIES):
            for path, body, key in (("/v1/cases", new, self.staff), ("/v1/reports", {k: new[k] for k in ("kind", "text", "location")}, None),
                                    ("/v1/webhooks", {"url": receiver.url}, self.keys["HLO"]),
                                    (f"/v1/webhooks/{hook['id']}/rotate", {}, self.keys["HLO"])):
                self.assertEqual(self.request("POST", path, body, key=key)[0], 507, path)
            self.assertEqual(self.request("DELETE", f"/v1/webhooks/{hook['id']}", key=self.keys["HLO"])[0], 507)
        self.gateway.kill()
        os.unlink(self.ballast)
        self.start_gateway()
        notes, hooks = self.kept()
        self.assertEqual({i: [n for n in told if n and n.startswith("note")] for i, told in notes.items()}, said)
        self.assertEqual(hooks, [hook["id"]])
        wait_until("moves are taken again", lambda: self.request("POST", f"/v1/cases/{case['id']}/note", {"note": "room"}, key=self.staff)[0] == 200)
        self.leave_outside("HLO", 1)
        wait_until("events are delivered with the secret that was", lambda: len(receiver.taken()) == 1)


if __name__ == "__main__":
    unittest.main()
