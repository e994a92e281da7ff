"""The whole demo by run.sh: REST equals the simulator's ground truth, Redis equals REST; and how it takes where it is started."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import redis

from testbed import free_port, wait_until

TOP = Path(__file__).resolve().parents[2]
SPACES = 600


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


class SimulatedCity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.state = Path(tempfile.mkdtemp(prefix="bowei-run-"))
        cls.port = free_port()
        cls.url = f"http://127.0.0.1:{cls.port}"
        cls.demo = subprocess.Popen([TOP / "run.sh", "--http", f"127.0.0.1:{cls.port}", "--spaces", str(SPACES), "--bikes", "0", "--seed", "7",
                                    "--state", cls.state], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in cls.demo.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                cls.banner = "".join(lines)
                return
        raise AssertionError("run.sh ended early:\n" + "".join(lines))

    @classmethod
    def tearDownClass(cls):
        cls.demo.send_signal(signal.SIGTERM)
        code = cls.demo.wait(30)
        left = [p for p in cls.state.glob("*.pid")]
        shutil.rmtree(cls.state, ignore_errors=True)
        assert code == 0, f"run.sh ended with {code}"
        assert not left, f"still there after the stop: {left}"

    def truth(self):
        """Last word on each space: (occupied, heard, when)."""
        last = {}
        with open(self.state / "truth.jsonl", encoding="utf-8") as f:
            for line in f:
                if line.endswith("\n"):
                    row = json.loads(line)
                    last[row["space"]] = (row["occupied"], row["heard"], row["t"])
        return last

    def spaces(self):
        found, path = {}, "/v1/spaces?limit=1000"
        while path:
            body = fetch(self.url + path)
            found.update({i["id"]: i for i in body["items"]})
            path = f"/v1/spaces?limit=1000&cursor={body['next']}" if body.get("next") else None
        return found

    def disagreements(self, settled_ms=5000):
        """Spaces whose shown state is known and differs from a truth that was sent and has stood for a while."""
        shown, truth, now = self.spaces(), self.truth(), time.time() * 1000
        self.assertEqual(len(shown), SPACES)
        wrong = {}
        for ident, (occupied, heard, t) in truth.items():
            if heard and now - t > settled_ms:
                want = "occupied" if occupied else "free"
                if shown[ident]["state"] not in (want, "unknown"):
                    wrong[ident] = (want, shown[ident])
        return wrong

    def test_rest_equals_the_ground_truth(self):
        wait_until("most spaces are known", lambda: fetch(self.url + "/v1/city")["unknown"] < SPACES // 20, 60)
        wait_until("no space is shown wrong", lambda: not self.disagreements(), 30)
        for _ in range(5):
            end = time.monotonic() + 2
            wait_until("two seconds", lambda: time.monotonic() > end, 5)
            self.assertEqual(self.disagreements(), {})
        city = fetch(self.url + "/v1/city")
        self.assertEqual(city["single_spaces"], SPACES)
        self.assertEqual(city["capacity"], city["free"] + city["occupied"] + city["unknown"] + city["out_of_service"])

    def test_redis_equals_rest(self):
        r = redis.Redis(unix_socket_path=str(self.state / "redis.sock"), decode_responses=True)

        def differing():
            shown = self.spaces()
            keys = list(r.scan_iter("bowei:{*}:space:*", count=2000))
            pipe = r.pipeline(transaction=False)
            for k in keys:
                pipe.hget(k, "state")
            stored = {k.rsplit(":", 1)[1]: s for k, s in zip(keys, pipe.execute())}
            free = {m for k in r.scan_iter("bowei:{*}:free") for m in r.zrange(k, 0, -1)}
            self.assertEqual(set(stored), set(shown))
            return ([i for i in shown if shown[i]["state"] != stored[i]] +
                    [i for i in free ^ {i for i, s in stored.items() if s == "free"}])

        # the two reads are not one moment: a difference must be gone at the next look
        wait_until("Redis equals REST", lambda: not differing(), 20)

    def test_a_part_that_dies_is_started_again(self):
        pid = int((self.state / "bowei.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        wait_until("another gateway runs", lambda: int((self.state / "bowei.pid").read_text() or 0) != pid, 3)

        def answers():
            try:
                return fetch(self.url + "/readyz") is not None
            except OSError:
                return False

        wait_until("it answers", answers, 15)
        wait_until("no space is shown wrong", lambda: not self.disagreements(), 30)

    def test_the_banner_says_what_to_try(self):
        self.assertIn("/v1/city", self.banner)
        self.assertIn("staff key", self.banner)
        self.assertEqual(self.banner.count("\n  curl "), 2)


class Start(unittest.TestCase):
    """Short runs of run.sh: from where, into what, and what it refuses in words."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bowei-start-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.port = free_port()

    def run_sh(self, state, spaces=5, script=TOP / "run.sh"):
        done = subprocess.run([script, "--http", f"127.0.0.1:{self.port}", "--spaces", str(spaces), "--bikes", "0", "--duration", "0", "--state", state],
                              cwd=self.folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_through_a_link_into_a_folder_with_an_odd_name(self):
        link = self.folder / "demo"
        link.symlink_to(TOP / "run.sh")
        code, said, complaints = self.run_sh("it's a $STATE", script=link)
        self.assertEqual((code, complaints), (0, ""))
        self.assertIn("5 simulated spaces", said)
        self.assertEqual((self.folder / "it's a $STATE").stat().st_mode & 0o777, 0o700)

    def test_a_folder_of_somebody_else_is_left_alone(self):
        theirs = self.folder / "theirs"
        theirs.mkdir(mode=0o755)
        (theirs / "letter").write_text("dear")
        code, said, complaint = self.run_sh(theirs)
        self.assertEqual((code, said, complaint.count("\n")), (1, "", 1))
        self.assertEqual((theirs.stat().st_mode & 0o777, [f.name for f in theirs.iterdir()]), (0o755, ["letter"]))

    def test_its_own_output_may_go_into_the_folder(self):
        state = self.folder / "state"
        state.mkdir()
        with open(state / "said", "w") as said, open(state / "demo.log", "w") as log:
            log.write("begun\n")
            log.flush()
            done = subprocess.run([TOP / "run.sh", "--http", f"127.0.0.1:{self.port}", "--spaces", "5", "--bikes", "0", "--duration", "0", "--state", state],
                                  stdout=said, stderr=log, timeout=60)
        self.assertEqual(done.returncode, 0, (state / "demo.log").read_text())
        self.assertIn("5 simulated spaces", (state / "said").read_text())

    def test_a_name_that_no_configuration_could_hold_is_refused(self):
        code, _, complaint = self.run_sh('a "name"')
        self.assertEqual((code, complaint.count("\n")), (1, 1), complaint)

    def test_a_part_that_cannot_start_is_said_at_once(self):
        with socket.socket() as bound:  # nobody listens there, so it does not look taken
            bound.bind(("127.0.0.1", self.port))
            begin = time.monotonic()
            code, _, complaint = self.run_sh("state")
            self.assertEqual(code, 1)
            self.assertLess(time.monotonic() - begin, 30)  # 60 s are given to one that still tries
        self.assertIn("address already in use", complaint)
        self.assertIn("bowei ended before it was ready", complaint)


if __name__ == "__main__":
    unittest.main()
