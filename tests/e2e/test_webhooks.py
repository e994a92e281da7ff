"""Webhooks against the whole gateway: eight receivers that fail in eight ways, and one that does not and notices nothing of it; bodies
against the CloudEvents schema, signatures against the published verifier; what one operator has is not there for another."""
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import jsonschema
from receivers import Hooks, endless, signature_holds, slow
from testbed import free_port, wait_until

EVENTS = 6
VERIFIER = "standardwebhooks@1.0.0"
VERIFY_JS = """
const { Webhook } = require("standardwebhooks");
const lines = require("fs").readFileSync(0, "utf8").split("\\n").filter(Boolean).map(JSON.parse);
for (const l of lines) { new Webhook(l.secret).verify(l.body, l.headers); }
console.log(lines.length);
"""


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Webhooks(Hooks):
    delivery_options = ("webhook_templates:\n  - name: robot\n    expect: '\"errcode\":0'\n"
                        "    body: '{\"msgtype\":\"text\",\"text\":{\"content\":\"{kind.zh} {vehicle} {state.zh}\"}}'\n")

    def failing(self):
        """name -> (receiver, url, what the attempt is noted as)"""
        def busy(handler):
            handler.say(429, Retry_After="1")

        def moved(handler):
            handler.say(301, Location=self.good.url)

        closed = self.receiver()
        closed.close()
        made = {"slow": (self.receiver(slow), "Timeout"), "500": (self.receiver(500), "answered 500"),
                "429": (self.receiver(busy), "answered 429"), "301": (self.receiver(moved), "answered 301"),
                "expired": (self.receiver(200, self.certificate("expired", -1)), "SSL"), "down": (closed, "connect")}
        return made

    def test_one_that_works_among_many_that_do_not(self):
        self.good = self.receiver(200, self.certificate("good"))
        # the other operator's, and the same operator's own: neither waits for those that fail
        good = {op: self.subscribe(op, self.good.url) for op in self.keys}
        failing = {name: (r, why, self.subscribe("HLO", r.url)) for name, (r, why) in self.failing().items()}
        gone = self.receiver(410)
        gone_id = self.subscribe("HLO", gone.url)["id"]
        unending = self.receiver(endless)
        unending_id = self.subscribe("HLO", unending.url)["id"]
        sent = []
        for _ in range(EVENTS):
            for op in self.keys:
                sent.append(time.monotonic())
                self.leave_outside(op, 1)
                wait_until("the good one has it", lambda: len(self.good.taken()) == len(sent), 10, 0.005)
            time.sleep(0.3)
        took = sorted(p.at - at for p, at in zip(self.good.taken(), sent))
        self.assertLess(statistics.quantiles(took, n=20)[-1], 2.0, took)

        for name, (receiver, why, hook) in failing.items():
            state = wait_until(f"{name}: all are dead letters",
                               lambda: (w := self.webhook("HLO", hook["id"]))["dead_letters_ever"] == EVENTS and w, 60, 0.2)
            self.assertEqual((state["delivered"], state["dead_letters"], state["state"]), (0, EVENTS, "failing"), name)
            self.assertIn(why, state["last_error"]["reason"], name)
            letters = self.get(f"/v1/webhooks/{hook['id']}/deliveries", key=self.keys["HLO"])[1]["dead_letters"]
            self.assertEqual({x["event"] for x in letters}, self.events("HLO"), name)
            if name not in ("down", "expired"):
                self.assertEqual(len(receiver.taken()), 3 + EVENTS - 1, name)  # a whole schedule, then one each
        self.assertEqual(self.webhook("HLO", gone_id)["state"], "disabled")
        self.assertEqual(len(gone.taken()), 1)
        self.assertEqual(self.webhook("HLO", unending_id)["delivered"], EVENTS)
        self.assertEqual(len(unending.taken()), EVENTS)
        metrics = self.metrics()
        self.assertEqual(metrics["bowei_webhook_dead_letters_total"], EVENTS * len(failing))
        self.assertEqual(metrics["bowei_webhooks_disabled_total"], 1)
        self.assertEqual(self.get("/readyz")[0], 200)

        # one that is right again: its owner asks for what it missed
        receiver, _, hook = failing["500"]
        receiver.manner = 200
        status, body, _ = self.request("POST", f"/v1/webhooks/{hook['id']}/replay", {"events": []}, key=self.keys["HLO"])
        self.assertEqual((status, body["asked"]), (200, 0))
        status, body, _ = self.request("POST", f"/v1/webhooks/{hook['id']}/replay", {}, key=self.keys["HLO"])
        self.assertEqual((status, body["asked"]), (200, EVENTS))
        wait_until("all are replayed", lambda: self.webhook("HLO", hook["id"])["dead_letters"] == 0, 10)
        self.check_posts(self.good.taken(), {op: good[op]["secret"] for op in good})

    def check_posts(self, posts, secrets):
        schema = json.loads((Path(__file__).parent / "data" / "cloudevents.schema.json").read_text())
        lines = []
        for post in posts:
            body = json.loads(post.body)
            jsonschema.validate(body, schema, format_checker=jsonschema.FormatChecker())
            secret = secrets[body["data"]["operator"]]
            self.assertTrue(signature_holds(secret, post.headers, post.body))
            self.assertFalse(signature_holds(secret, post.headers, post.body + b" "))
            self.assertEqual(body["id"], post.ident)
            self.assertEqual(body["type"], "cn.bowei.alert.out_of_fence.open.v1")
            self.assertEqual(post.headers["content-type"], "application/cloudevents+json")
            self.assertLess(len(post.body), 20000)
            alert = self.get(f"/v1/alerts/{body['subject']}", key=self.staff)[1]
            self.assertEqual(body["data"], {k: v for k, v in alert.items() if k in body["data"]})
            names = ("webhook-id", "webhook-timestamp", "webhook-signature")
            lines.append({"secret": secret, "body": post.body.decode(), "headers": {k: post.headers[k] for k in names}})
        self.check_with_published_verifier(lines)

    def check_with_published_verifier(self, lines):
        if not (shutil.which("node") and shutil.which("npm")):
            print("skipped: node and npm are not here, signatures were checked by Python alone")
            return
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", VERIFIER], cwd=folder,
                                  capture_output=True, text=True, timeout=60)
            if made.returncode != 0:
                print(f"skipped: npm cannot install {VERIFIER}, signatures were checked by Python alone")
                return
            done = subprocess.run(["node", "-e", VERIFY_JS], cwd=folder, input="\n".join(map(json.dumps, lines)), capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout.strip()), (0, str(len(lines))), done.stderr)

    def test_the_receiver_of_the_documents(self):
        port = free_port()
        hook = self.subscribe("HLO", f"http://127.0.0.1:{port}/")
        program = [sys.executable, Path(__file__).parents[2] / "docs" / "examples" / "webhook_receiver.py", str(port)]
        for secret in ("whsec_" + "A" * 43 + "=", hook["secret"]):
            with subprocess.Popen([*program, secret], stdout=subprocess.PIPE, text=True) as receiver:
                try:
                    wait_until("it listens", lambda: listens(port))
                    self.leave_outside("HLO", 1)
                    if secret != hook["secret"]:
                        wait_until("it is refused", lambda: self.webhook("HLO", hook["id"])["dead_letters"] == 1, 15)
                    else:
                        line = receiver.stdout.readline()
                finally:
                    receiver.kill()
        self.assertIn(" cn.bowei.alert.out_of_fence.open.v1 {", line)
        self.assertEqual(self.webhook("HLO", hook["id"])["last_error"]["status"], 401)

    def audited(self, ident):
        with self.redis() as r:
            rows = [f for _, f in r.xrange("bowei:{city}:audit")]
        return [f["note"].split()[0] for f in rows if f["command"] == "webhook" and f["note"].endswith(f"{ident} of HLO")]

    def test_owners_and_their_secrets(self):
        receiver = self.receiver()
        hook = self.subscribe("HLO", receiver.url, name="vans", severity=1, kinds=["out_of_fence"], districts=["150402"])
        path = f"/v1/webhooks/{hook['id']}"
        for method, target in (("GET", path), ("DELETE", path), ("POST", path + "/rotate"), ("POST", path + "/enable"),
                               ("POST", path + "/test"), ("POST", path + "/replay"), ("GET", path + "/deliveries")):
            foreign = self.request(method, target, key=self.keys["MTN"])
            missing = self.request(method, target.replace(hook["id"], "W" + "0" * 16), key=self.keys["MTN"])
            self.assertEqual(foreign[0], 404, (method, target))
            self.assertEqual({**foreign[1], "instance": ""}, {**missing[1], "instance": ""})
            self.assertEqual(self.request(method, target)[0], 401)
        self.assertEqual(self.get("/v1/webhooks", key=self.keys["MTN"])[1]["items"], [])
        self.assertEqual([w["id"] for w in self.get("/v1/webhooks", key=self.staff)[1]["items"]], [hook["id"]])
        self.assertEqual(self.request("DELETE", path, key=self.staff)[0], 403)
        for bad in ({"url": "https://127.0.0.2/"}, {"url": "file:///etc/passwd"}, {}, {"url": receiver.url, "kinds": ["x"]},
                    {"url": receiver.url, "districts": ["1"]}, {"url": receiver.url, "severity": 4}, {"url": receiver.url, "template": "x"},
                    {"url": receiver.url, "operator": "MTN"}, {"url": receiver.url, "crs": "mars"}):
            status, body, _ = self.request("POST", "/v1/webhooks", bad, key=self.keys["HLO"])
            self.assertEqual(status, 422, (bad, body))

        # two secrets sign while the owner changes over
        status, second, _ = self.request("POST", path + "/rotate", {"overlap_s": 600}, key=self.keys["HLO"])
        self.assertEqual(status, 200, second)
        self.assertEqual(self.request("POST", path + "/rotate", {}, key=self.keys["HLO"])[0], 409)
        self.leave_outside("HLO", 1)
        post = wait_until("it came", receiver.taken)[0]
        for secret in (hook["secret"], second["secret"]):
            self.assertTrue(signature_holds(secret, post.headers, post.body))
        third = self.request("POST", path + "/rotate", {"overlap_s": 0}, key=self.keys["HLO"])[1]
        self.gateway.kill()
        self.start_gateway()
        self.assertEqual(self.request("POST", path + "/test", key=self.keys["HLO"])[0], 200)
        post = wait_until("the test came", lambda: [p for p in receiver.taken() if p.ident.startswith("test-")])[0]
        self.assertEqual(json.loads(post.body)["type"], "cn.bowei.webhook.test.v1")
        held = [signature_holds(s, post.headers, post.body) for s in (hook["secret"], second["secret"], third["secret"])]
        self.assertEqual(held, [False, False, True])

        # a chat robot: its own shape, and its own way to say no
        robot = self.receiver(lambda h: (h.send_response(200), h.send_header("Content-Length", "15"), h.end_headers(),
                                         h.wfile.write(b'{"errcode":1}  ')))
        robot_id = self.subscribe("HLO", robot.url, template="robot")["id"]
        self.leave_outside("HLO", 1)
        wait_until("it says no", lambda: self.webhook("HLO", robot_id)["failed_attempts"] == 1)
        robot.manner = lambda h: (h.send_response(200), h.send_header("Content-Length", "15"), h.end_headers(),
                                  h.wfile.write(b'{"errcode":0}  '))
        wait_until("it takes it", lambda: self.webhook("HLO", robot_id)["delivered"] == 1, 10)
        self.assertEqual(json.loads(robot.taken()[-1].body)["text"]["content"], "围栏外停放 HLO-00000002 待处理")

        self.assertEqual(self.request("DELETE", path, key=self.keys["HLO"])[0], 200)
        self.assertEqual(self.get(path, key=self.keys["HLO"])[0], 404)
        wait_until("all of it is audited", lambda: self.audited(hook["id"]) == ["make", "rotate", "rotate", "delete"])
        log = (self.folder / "bowei.log").read_text(errors="replace")
        for secret in (hook["secret"], second["secret"], third["secret"]):
            self.assertNotIn(secret[6:], log)

    def libcurl_mapped(self):
        return "libcurl" in Path(f"/proc/{self.gateway.child.pid}/maps").read_text()

    def test_libcurl_comes_with_the_first_webhook(self):
        """A gateway without webhooks has not loaded it; one that cannot load it says so, goes on, and keeps all events."""
        self.leave_outside("HLO", 1)
        self.assertEqual(self.get("/v1/webhooks", key=self.staff)[1]["items"], [])
        self.assertFalse(self.libcurl_mapped())
        broken = self.folder / "lib" / "libcurl.so.4"
        broken.parent.mkdir()
        broken.write_text("no library")
        self.gateway.stop()
        self.gateway.env = os.environ | {"LD_LIBRARY_PATH": str(broken.parent)}
        self.start_gateway()
        receiver = self.receiver()
        status, body, _ = self.request("POST", "/v1/webhooks", {"url": receiver.url}, key=self.keys["HLO"])
        self.assertEqual((status, body["code"]), (503, "unavailable"))
        self.assertIn("libcurl", body["detail"])
        self.assertIn("libcurl.so.4", (self.folder / "bowei.log").read_text())
        self.assertEqual(self.metrics()["bowei_webhook_library_errors_total"], 1)
        broken.unlink()  # no restart is needed
        hook = self.subscribe("HLO", receiver.url)
        self.assertTrue(self.libcurl_mapped())
        self.leave_outside("HLO", 1)
        wait_until("it is delivered", lambda: len(receiver.taken()) == 1)

        self.gateway.stop()
        broken.write_text("no library")
        self.start_gateway()
        self.leave_outside("HLO", 1)
        self.assertEqual(self.get("/readyz")[0], 200)
        state = self.webhook("HLO", hook["id"])
        self.assertEqual((state["delivered"], state["failed_attempts"], state["dead_letters"]), (1, 0, 0))
        self.assertFalse(self.libcurl_mapped())
        broken.unlink()
        self.subscribe("MTN", self.receiver().url)  # tries at once
        wait_until("what waited is delivered", lambda: len(receiver.taken()) == 2)


if __name__ == "__main__":
    unittest.main()
