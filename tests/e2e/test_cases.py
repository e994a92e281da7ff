"""The duty desk against the whole gateway: a case from patrol to its end, two who edit it, residents with a receipt, prints and
lists, the audit, kill -9 while staff work, and what nobody outside may ever see."""
import calendar
import concurrent.futures
import csv
import hashlib
import http.client
import io
import json
import os
import random
import re
import signal
import threading
import time
import unittest
from pathlib import Path

from testbed import SIM, Testbed, now_rfc3339, space_id, wait_until

SPACES = [space_id(n) for n in range(1, 13)]
DIGEST = hashlib.sha256(b"a picture").hexdigest()
KILLS = 12
SEED = 20261129
# what people wrote or are called: none of it may leave to the public, the log or the metrics
PLATE, PHONE, NOTE = "蒙D·A1234", "13812345678", "NOTE-OF-STAFF-4711"
URI = "https://files.example/EVIDENCE-0815.jpg"
NAMES = ("wang-patrol", "li-checker", "zhao-boss", "P-ROADS-7", "P-HELP-8")


def evidence():
    return {"uri": URI, "sha256": DIGEST, "taken_at": now_rfc3339(), "device": "camera-7"}


class Desk(Testbed):
    """A street with its responsible units, three people of the staff."""

    def start_desk(self):
        self.start_redis()
        self.make_city([(s, 42.2578 + i * 1e-4, 118.8869) for i, s in enumerate(SPACES)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(SPACES)])
        units = self.write_csv("units.csv", ["unit", "kind", "name_zh", "name_en", "trades", "scope", "person"],
                               [("ROADS", "department", "市政", "Roads", "motor;non_motor;shared_bike;facility", "150402001", "P-ROADS-7"),
                                ("HELP", "enterprise", "协作", "Help", "", "", "P-HELP-8")])
        self.bowei("import", "--config", self.write_config(), units)
        self.patrol, self.checker, self.boss = (self.staff_key(name) for name in NAMES[:3])
        self.start_gateway()

    def staff_key(self, name):
        return self.bowei("keys", "create", "--config", self.folder / "bowei.yaml", "--role", "staff", "--name", name, "--quiet").stdout.strip()

    def post(self, path, body, key, status=200, headers=None):
        got, answer, _ = self.request("POST", path, body, key=key, headers=headers)
        self.assertEqual(got, status, (path, body, answer))
        return answer

    def case(self, number):
        status, body, _ = self.get(f"/v1/cases/{number}", key=self.checker)
        self.assertEqual(status, 200, body)
        return body

    def move(self, number, event, body=None, key=None, status=200):
        return self.post(f"/v1/cases/{number}/{event}", body or {}, key or self.patrol, status)

    def opened(self, kind, place, source="patrol", **more):
        return self.post("/v1/cases", {"kind": kind, "source": source, "place": place, **more}, self.patrol, 201)["id"]

    def cases(self):
        """{number: case} by the cursor; each once."""
        found, path = {}, "/v1/cases?limit=3"
        while path:
            status, body, _ = self.get(path, key=self.checker)
            self.assertEqual(status, 200, body)
            for item in body["items"]:
                self.assertNotIn(item["id"], found)
                found[item["id"]] = item
            path = f"/v1/cases?limit=3&cursor={body['next']}" if body.get("next") else None
        return found

    def key_file(self, key):
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:8]}.key"
        path.write_text(key + "\n")
        return path

    def cli(self, key, *args, check=True):
        return self.bowei("cases", *args, "--url", f"http://127.0.0.1:{self.http_port}", "--key-file", self.key_file(key), check=check)


class Cases(Desk):
    def handled(self, number):
        """From dispatched to a check that somebody else must make."""
        self.move(number, "check_in")
        self.move(number, "feedback", {"note": "done", "evidence": evidence()})
        self.move(number, "check")

    def phrase_37_a_resident(self):
        """公众参与渠道: a report, its receipt, its end, one rating."""
        report = self.post("/v1/reports", {"kind": "facility", "place": SPACES[5], "text": f"{PLATE} {PHONE}"}, None, 201)
        receipt = report["receipt"]
        self.assertEqual(self.get(f"/v1/reports/{receipt}")[1]["status"]["code"], "reported")
        number = next(n for n, c in self.cases().items() if c["source"] == "app")
        self.move(number, "file")
        self.handled(number)
        self.post(f"/v1/reports/{receipt}/rating", {"rating": 5}, None, 409)
        self.move(number, "close", {"evidence": evidence()}, self.checker)
        shown = self.get(f"/v1/reports/{receipt}")[1]
        self.assertEqual((shown["status"]["code"], shown["may_rate"]), ("closed", True))
        self.assertEqual(self.post(f"/v1/reports/{receipt}/rating", {"rating": 5}, None)["step"], 7)
        self.post(f"/v1/reports/{receipt}/rating", {"rating": 1}, None, 422)
        return receipt

    def two_editors(self, number):
        """Both saw the same version: one 200, one 409, whoever was first."""
        version = self.case(number)["version"]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda key: self.request("POST", f"/v1/cases/{number}/note", {"note": NOTE, "version": version}, key=key)[0],
                                    (self.patrol, self.boss)))
        self.assertEqual(sorted(answers), [200, 409])
        self.assertEqual([r["event"] for r in self.case(number)["history"]].count("note"), 1)

    def command_line(self):
        """An abandoned car on the command line, up to its notice."""
        self.cli(self.patrol, "open", "--kind", "zombie_car", "--source", "patrol", "--place", SPACES[0], "--text", "dust")
        car = next(n for n, c in self.cases().items() if c["kind"] == "zombie_car")
        proof = ["--evidence-uri", URI, "--evidence-sha256", DIGEST, "--evidence-taken", now_rfc3339(), "--evidence-device", "camera-7"]
        self.assertEqual(self.cli(self.patrol, "impound", car, "--document", "D-1", check=False).returncode, 7)
        self.cli(self.patrol, "confirm", car, "--features", "dust,flat_tyre", *proof)
        self.assertEqual(self.cli(self.patrol, "check_in", car, "--version", "1", check=False).returncode, 7)
        self.cli(self.patrol, "check_in", car)
        self.cli(self.patrol, "notice", car, "--document", "G-2026-001", "--channel", "sticker")
        self.assertIn("noticed", self.cli(self.patrol, "get", car).stdout)
        self.assertIn("flat", json.dumps(self.case(car)["features"]))
        self.assertIn("confirm", self.cli(self.patrol, "get", car, "--history").stdout)
        page = self.cli(self.patrol, "print", car, "--what", "notice").stdout
        for text in (car, "G-2026-001", "<svg viewBox", "告知书"):
            self.assertIn(text, page)
        self.assertIn("Came in during the shift", self.cli(self.patrol, "handover", "--lang", "en").stdout)
        self.assertIn(car, self.cli(self.patrol, "due").stdout)
        exported = self.cli(self.patrol, "export").stdout
        self.assertTrue(exported.startswith("\ufeffid,kind,status"), exported[:40])
        self.assertEqual({r["id"] for r in csv.DictReader(io.StringIO(exported[1:]))}, set(self.cases()))
        self.assertEqual(self.cli(self.patrol, "get", "150402-20260101-00001-1", check=False).returncode, 4)
        self.assertEqual(self.cli("bw_wrong", "due", check=False).returncode, 5)
        return car

    def test_the_desks_day_survives_a_kill(self):
        self.start_desk()
        car = self.command_line()
        number = self.opened("order", SPACES[1], "hotline", text=NOTE)
        self.move(number, "file")
        self.two_editors(number)
        self.handled(number)
        self.move(number, "close", status=403)  # by who handled it
        self.move(number, "close", key=self.checker)
        receipt = self.phrase_37_a_resident()
        self.post("/v1/detections", {"kind": "pile_up", "place": SPACES[2], "evidence": evidence()}, self.patrol, 201)
        books = self.get("/v1/cases/figures", key=self.checker)[1]
        self.assertTrue(books["balanced"])
        self.assertEqual({s: n for s, n in books["by_source"].items() if n}, {"patrol": 1, "hotline": 1, "app": 1, "video": 1})

        before = {n: self.case(n) for n in self.cases()}
        self.gateway.kill()
        self.start_gateway()
        self.assertEqual({n: self.case(n) for n in self.cases()}, before)
        self.assertEqual(self.get("/v1/cases/figures", key=self.checker)[1] | {"as_of": 0}, books | {"as_of": 0})
        self.assertEqual(self.get(f"/v1/reports/{receipt}")[1]["step"], 7)
        self.move(car, "note", {"note": "after the restart"})
        self.audited(car)

    def audited(self, number):
        """Who read and who changed this case, newest first, in pages, as CSV; nothing can be taken back."""
        def rows(query=""):
            found, path = [], f"/v1/audit?case={number}&limit=4{query}"
            while path:
                status, body, _ = self.get(path, key=self.boss)
                self.assertEqual(status, 200, body)
                found += body["items"]
                path = f"/v1/audit?case={number}&limit=4{query}&cursor={body['next']}" if body.get("next") else None
            return found

        wait_until("the audit has the last deed", lambda: rows() and rows()[0]["note"] == "note", 10, 0.2)
        kept = rows()
        self.assertEqual(len({r["id"] for r in kept}), len(kept))
        deeds = {(r["actor"], r["note"]) for r in kept}
        for deed in (("wang-patrol", "report"), ("wang-patrol", "confirm"), ("wang-patrol", "notice"), ("li-checker", "read")):
            self.assertIn(deed, deeds)
        self.assertEqual({r["actor"] for r in rows("&actor=li-checker")}, {"li-checker"})
        self.assertEqual({r["command"] for r in rows("&command=case_move")}, {"case_move"})
        self.assertEqual(rows("&until=2020-01-01T00:00:00Z"), [])
        status, text, _ = self.get(f"/v1/audit?case={number}&format=csv", key=self.boss)
        self.assertTrue(text.decode().startswith("\ufeffat,actor,command,case"))
        self.assertIn("li-checker", self.cli(self.boss, "audit", "--case", number, "--actor", "li-checker").stdout)
        for method in ("DELETE", "POST"):
            self.assertEqual(self.request(method, "/v1/audit", key=self.boss)[0], 405)
        self.assertEqual(self.get("/v1/audit")[0], 401)


@unittest.skipIf(os.environ.get("BOWEI_CLEAN_EXIT"), "a sanitizer's runtime must be the first library, so must faketime's")
class Life(Desk):
    """An abandoned car over two weeks: the gateway is killed and started with the wall clock some days on."""

    HOLIDAY, AFTER = 12, 13  # days from now

    def setUp(self):
        self.began = time.time()  # midnight may come within the test
        super().setUp()

    def config_text(self):
        (self.folder / "holidays").write_text(f"{self.day(self.HOLIDAY)} holiday\n")
        return super().config_text() + f"calendar:\n  file: {self.folder}/holidays\n"

    def day(self, days):
        return time.strftime("%Y-%m-%d", time.gmtime(self.began + days * 86400 + 8 * 3600))  # of the city, UTC+8

    def leap(self, days, hour):
        """kill -9, and a start so many days on, at that hour of the city."""
        self.gateway.kill()
        moment = calendar.timegm(time.strptime(self.day(days), "%Y-%m-%d")) + (hour - 8) * 3600
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        self.gateway.env = {**os.environ, "LD_PRELOAD": str(library), "FAKETIME": f"{moment - int(time.time()):+d}s",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.gateway.start()
        wait_until("the gateway is ready", self.ready, 30)

    def test_phrase_19_21_a_car_from_patrol_to_strike_off(self):
        self.start_desk()
        car = self.opened("zombie_car", SPACES[0], text="dust")
        self.move(car, "confirm", {"features": ["dust"], "evidence": evidence()})
        self.move(car, "check_in")
        self.move(car, "notice", {"document": "G-2026-001", "channel": "sticker"})
        self.move(car, "impound", {"document": "D-1"}, self.boss, 409)  # the notice runs
        self.leap(11, 23)
        wait_until("the notice has run out", lambda: self.case(car)["stage"] == "overdue", 10, 0.2)
        self.assertIn("night", self.move(car, "impound", {"document": "D-1"}, self.boss, 409)["detail"])
        self.leap(self.HOLIDAY, 10)
        self.assertIn("holiday", self.move(car, "impound", {"document": "D-1"}, self.boss, 409)["detail"])
        self.leap(self.AFTER, 10)
        self.assertIn("confirmed", self.move(car, "impound", {"document": "D-1"}, self.patrol, 403)["detail"])
        self.assertEqual(self.move(car, "impound", {"document": "D-1"}, self.boss)["stage"], "impounded")
        self.assertEqual(self.move(car, "claim", {"document": "C-1", "evidence": evidence()}, self.boss)["status"], "feedback")
        self.move(car, "check")
        self.assertIn("verify", self.move(car, "close", None, self.boss, 403)["detail"])
        done = self.move(car, "close", None, self.checker)
        self.assertEqual((done["status"], done["stage"], done["emergency"]), ("closed", "claimed", False))
        self.assertEqual([r["event"] for r in self.case(car)["history"]],
                         ["report", "confirm", "dispatch", "check_in", "notice", "notice_over", "impound", "claim", "check", "close"])


class Killed(Desk):
    def work(self, who, key):
        """Notes on some cases, and new cases, each with a text of its own; what was answered 2xx is remembered."""
        n = 0
        while not self.stop.is_set():
            n += 1
            text = f"{who}-{n}"
            try:
                if n % 4 == 0:
                    status, body, _ = self.request("POST", "/v1/cases", {"kind": "order", "source": "patrol", "text": text,
                                                                         "location": {"lat": 42.3 + n * 1e-4, "lon": 118.9}}, key=key, timeout=3)
                else:
                    status, body, _ = self.request("POST", f"/v1/cases/{self.targets[n % len(self.targets)]}/note", {"note": text}, key=key, timeout=3)
            except OSError:
                continue
            except Exception:  # the connection broke within an answer
                continue
            if status in (200, 201):
                self.done[who].append((text, body["id"]))

    def test_kill_9_loses_no_staff_action_and_no_timer(self):
        self.start_desk()
        self.targets = [self.opened("order", s, text="a target") for s in SPACES[3:11]]  # a history has a bound
        due = self.opened("facility", SPACES[1], text="has a deadline")
        self.move(due, "file", {"note": "x"})
        timed = self.opened("pile_up", SPACES[2], text="soon")
        self.move(timed, "file")
        self.move(timed, "return", {"note": "not ours"})
        self.move(timed, "dispatch", {"unit": "ROADS", "person": "P-ROADS-7", "until": now_rfc3339(int(time.time() * 1000) + 8000)})
        self.stop, self.done = threading.Event(), {"a": [], "b": []}
        threads = [threading.Thread(target=self.work, args=(who, key)) for who, key in (("a", self.patrol), ("b", self.boss))]
        for t in threads:
            t.start()
        draw = random.Random(SEED)
        for _ in range(KILLS):
            counts = [len(d) for d in self.done.values()]
            wait_until("both get on", lambda: all(len(d) > c for d, c in zip(self.done.values(), counts)), 20, 0.005)
            moment = time.monotonic() + draw.uniform(0.0, 0.4)
            wait_until("the moment to kill", lambda: time.monotonic() > moment, 5, 0.005)
            self.gateway.kill()
            self.gateway.start()
        wait_until("the gateway is ready", self.ready, 30)
        self.stop.set()
        for t in threads:
            t.join()
        histories = {n: self.case(n)["history"] for n in self.cases()}
        notes = [(r["note"], n) for n, rows in histories.items() for r in rows if "note" in r]
        for who, done in self.done.items():
            self.assertGreater(len(done), KILLS)
            for deed in done:
                self.assertEqual(notes.count(deed), 1, (who, deed))
        self.assertEqual(len(notes), len(set(notes)), "something is there twice")
        for rows in histories.values():
            self.assertEqual([r["number"] for r in rows], list(range(1, len(rows) + 1)))
        books = self.get("/v1/cases/figures", key=self.checker)[1]
        self.assertEqual((books["opened"], books["balanced"]), (len(histories), True))
        print(f"{sum(map(len, self.done.values()))} deeds answered 2xx, {KILLS} kills, none lost, {len(histories)} cases")
        # the deadline ran out meanwhile, or does now: told once
        wait_until("the deadline is noticed", lambda: self.case(timed)["overdue"], 20, 0.2)
        self.assertEqual([r["event"] for r in self.case(timed)["history"]].count("escalate"), 1)
        self.assertFalse(self.case(due)["overdue"])


class Privacy(Desk):
    """phrase 24 曝光栏 and 10 privacy: no plate, phone, person, vehicle, note, evidence or key in any public answer, log line or metric."""

    def config_text(self):
        return (f"instance: test\nstate_folder: {self.state}\nkeys_file: {self.folder}/keys\n"
                f"http:\n  host: 127.0.0.1\n  port: {self.http_port}\n{self.http_options}"
                f"redis:\n  socket: {self.redis_socket}\nbikes:\n  dwell_s: 6\n" + (self.folder / "field" / "field.yaml").read_text())

    def public_paths(self, receipt):
        """Every public GET of the interface, with something in each parameter."""
        spaces = self.get("/v1/spaces?limit=2")[1]["items"]
        lots, fences = self.get("/v1/lots?limit=2")[1]["items"], self.get("/v1/fences?limit=50")[1]["items"]
        at = f"?lat={spaces[0]['location']['lat']}&lon={spaces[0]['location']['lon']}"
        ids = {"spaces": spaces[0]["id"], "lots": lots[0]["id"], "fences": fences[0]["id"], "reports": receipt}
        paths = []
        for path, operations in self.get("/openapi.json")[1]["paths"].items():
            get = operations.get("get")
            if get is None or "x-role" in get or "text/event-stream" in json.dumps(get["responses"]) or "/push/" in path:
                continue
            filled = re.sub(r"\{[a-z]+\}", ids.get(path.split("/")[2] if path.count("/") > 2 else "", ""), path)
            required = {p["name"] for p in get["parameters"] if p["required"] and p["in"] == "query"}
            paths.append(filled + (at if "lat" in required else "?scheme=x&value=y" if "scheme" in required else ""))
        return paths

    def test_nothing_of_people_and_vehicles_leaves(self):
        field = self.folder / "field"
        self.process("make", [SIM, "make", "--dir", field, "--spaces", 20, "--bikes", 60, "--seed", 11,
                              "--broker-port", self.broker_port]).child.wait(20)
        units = self.write_csv("units.csv", ["unit", "kind", "name_zh", "name_en", "trades", "scope", "person"],
                               [("ROADS", "department", "市政", "Roads", "motor;non_motor;shared_bike;facility", "150402001", "P-ROADS-7")])
        self.bowei("import", "--config", self.write_config(), "--replace", "--allow-removals", "--quiet",
                   *sorted((field / "city").glob("*.csv")), *sorted((field / "fleet").iterdir()), units)
        self.patrol, self.checker, self.boss = (self.staff_key(name) for name in NAMES[:3])
        keys = self.folder / "operators.keys"
        keys.write_text("".join(f"{op} {self.key('operator', op)}\n" for op in ("HLO", "MTN", "QJU")))
        self.start_gateway()
        self.process("sim", [SIM, "run", "--dir", field, "--truth-bikes", self.folder / "truth.jsonl", "--api",
                             f"http://127.0.0.1:{self.http_port}", "--keys", keys, "--interval", 3, "--dwell", 6])
        wait_until("bikes are seen", lambda: len(self.get("/v1/vehicles?limit=100", key=self.checker)[1]["items"]) > 40, 25, 0.3)
        wait_until("alerts are told", lambda: self.get("/v1/alerts", key=self.checker)[1]["items"], 25, 0.3)
        bike = self.get("/v1/vehicles?limit=1", key=self.checker)[1]["items"][0]["vehicle"]
        place = self.get("/v1/spaces?limit=1")[1]["items"][0]["id"]
        number = self.opened("zombie_bike_shared", place, text=f"{NOTE} {PLATE} {PHONE}", vehicle=bike)
        self.move(number, "confirm", {"features": ["dust"], "evidence": evidence(), "note": NOTE})
        self.move(number, "confirm", {"features": ["dust"], "evidence": evidence(), "note": NOTE}, status=409)
        self.post("/v1/cases", {"kind": "order", "source": "patrol", "place": place, "plate": PLATE}, self.patrol, 422)
        receipt = self.post("/v1/reports", {"kind": "facility", "place": place, "text": f"{PLATE} {PHONE} {NOTE}"}, None, 201)["receipt"]
        self.get("/v1/cases?person=P-ROADS-7", key=self.checker)

        seen = {}
        for path in self.public_paths(receipt):
            status, body, _ = self.get(path)
            self.assertIn(status, (200, 404), path)
            seen[path] = body.decode() if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False)
        self.assertIn("/metrics", seen)
        self.assertGreater(len(seen), 12)
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=5)
        connection.request("GET", "/v1/stream?topics=spaces,lots,fences&snapshot=1")
        stream, until = connection.getresponse(), time.monotonic() + 4
        seen["the stream"] = ""
        while time.monotonic() < until:
            seen["the stream"] += stream.readline().decode()
        self.assertIn("event: ", seen["the stream"])
        connection.close()
        self.gateway.signal(signal.SIGHUP)  # a reload is logged, too
        seen["the log"] = (self.folder / "bowei.log").read_text(errors="replace")
        secrets = [PLATE, PHONE, NOTE, URI, "EVIDENCE-0815", bike, *NAMES, self.patrol, self.checker]
        for where, text in seen.items():
            for secret in secrets:
                self.assertNotIn(secret, text, where)
            self.assertIsNone(re.search(r"\b(HLO|MTN|QJU)-[0-9A-Z]{4,20}\b", text), where)
            self.assertIsNone(re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", re.sub(r"\d{13,}", "", text)), where)
            self.assertIsNone(re.search(r"[\u4e00-\u9fa5][A-Z]·?[A-Z0-9]{5,6}\b", text), where)
            self.assertNotIn(number, text if where != "the log" else "", where)


if __name__ == "__main__":
    unittest.main()
