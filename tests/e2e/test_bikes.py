"""Simulated fleets against the whole gateway: what REST says of bikes, fences and alerts equals the simulator's truth, before and after
a kill -9; a feed in the wrong coordinate system is one alert, no flood."""
import json
import time
import unittest

from testbed import BOWEI, SIM, Testbed, now_rfc3339, wait_until

BIKES = 150
INTERVAL_S = 4
DWELL_S = 12
SLACK_S = 8
OPERATORS = ("HLO", "MTN", "QJU")


class Bikes(Testbed):
    def config_text(self):
        return (f"instance: test\nstate_folder: {self.state}\nkeys_file: {self.folder}/keys\n"
                f"http:\n  host: 127.0.0.1\n  port: {self.http_port}\n{self.http_options}"
                f"redis:\n  socket: {self.redis_socket}\nbikes:\n  dwell_s: {DWELL_S}\n"
                + (self.folder / "field" / "field.yaml").read_text())

    def start_city(self, faults=None):
        """The simulated field, its inventory, a key each, and the gateway in front of it."""
        field = self.folder / "field"
        self.process("make", [SIM, "make", "--dir", field, "--spaces", 20, "--bikes", BIKES, "--seed", 11,
                              "--broker-port", self.broker_port]).child.wait(20)
        self.bowei("import", "--config", self.write_config(), "--replace", "--allow-removals", "--quiet",
                   *sorted((field / "city").glob("*.csv")), *sorted((field / "fleet").iterdir()))
        self.staff = self.key()
        self.keys = {op: self.key("operator", op) for op in OPERATORS}
        keys = self.folder / "operators.keys"
        keys.write_text("".join(f"{op} {key}\n" for op, key in self.keys.items()))
        self.truth_file = self.folder / "truth_bikes.jsonl"
        args = [SIM, "run", "--dir", field, "--truth-bikes", self.truth_file, "--api", f"http://127.0.0.1:{self.http_port}",
                "--keys", keys, "--interval", INTERVAL_S, "--dwell", DWELL_S]
        if faults:
            (self.folder / "faults").write_text(faults)
            args += ["--faults", self.folder / "faults"]
        self.start_gateway()
        self.started = time.monotonic()
        self.sim = self.process("sim", args)

    def truth(self):
        if not self.truth_file.exists():
            return []
        return [json.loads(line) for line in self.truth_file.read_text().splitlines(True) if line.endswith("\n")]

    def stops(self):
        """{vehicle: its last stop}, of bikes that still stand."""
        last = {}
        for row in self.truth():
            if row.get("event") == "stop":
                last[row["vehicle"]] = row
            elif row.get("event") == "leave":
                last.pop(row["vehicle"], None)
        return last

    def pages(self, path, key, limit=37):
        """All items of a list, by its cursor; each once."""
        found, seen, at = [], set(), f"{path}{'&' if '?' in path else '?'}limit={limit}"
        first = at
        while at:
            status, body, _ = self.get(at, key=key)
            self.assertEqual(status, 200, body)
            for item in body["items"]:
                ident = item.get("id") or item["vehicle"]
                self.assertNotIn(ident, seen)
                seen.add(ident)
                found.append(item)
            at = f"{first}&cursor={body['next']}" if body.get("next") else None
        return found

    def alerts(self, key=None, query=""):
        return self.pages("/v1/alerts" + query, key or self.staff)

    def vehicles(self):
        return {v["vehicle"]: v for v in self.pages("/v1/vehicles", self.staff)}

    # --- the claims ---

    def misplaced(self):
        """Bikes well inside a fence that are not shown there, and fences whose count is not that of their bikes."""
        shown = self.vehicles()
        wrong = []
        for vehicle, stop in self.stops().items():
            now = shown.get(vehicle)
            if stop["heard"] and stop["class"] == "inside" and (now is None or (now["verdict"], now["fence"]) != ("inside", stop["fence"])):
                wrong.append((vehicle, stop["fence"], now))
        inside = {}
        for v in shown.values():
            if v["verdict"] == "inside" or v["rule"] == "in_no_parking_zone":
                inside[v["fence"]] = inside.get(v["fence"], 0) + 1
        for fence in self.pages("/v1/fences", None):
            if fence["count"] is not None and fence["count"] != inside.get(fence["id"], 0):
                wrong.append((fence["id"], fence["count"], inside.get(fence["id"], 0)))
        return wrong

    def missing(self):
        """True episodes that have lasted long enough and have no alert."""
        told = {a["vehicle"] for a in self.alerts() if a["kind"] == "out_of_fence"}
        return {e["vehicle"] for e in self.truth() if e.get("episode") == "out_of_fence" and e["until"] is None} - told

    def check_alerts(self):
        """Each alert has a stop that allows it, and no bike has more alerts than such stops."""
        doubtful = {}
        for row in self.truth():
            if row.get("event") == "stop" and row["class"] != "inside":
                doubtful.setdefault(row["vehicle"], set()).add(row["since"])
        told = {}
        for alert in self.alerts():
            if alert["kind"] == "out_of_fence":
                told.setdefault(alert["vehicle"], []).append(alert["id"])
        for vehicle, ids in told.items():
            self.assertIn(vehicle, doubtful, ids)
            self.assertLessEqual(len(ids), len(doubtful[vehicle]), (vehicle, ids))
        return told

    def redis_differs(self):
        with self.redis() as r:
            stored = {k.rsplit(":", 1)[1]: r.hgetall(k) for k in r.scan_iter("bowei:{*}:fence:*", count=1000)}
            kept = {m for k in r.scan_iter("bowei:{*}:vehicles") for m in r.smembers(k)}
            alerts = {k.rsplit(":", 1)[1]: r.hgetall(k) for k in r.scan_iter("bowei:{*}:alert:*", count=1000)}
        fences = {f["id"]: f for f in self.pages("/v1/fences", None)}
        shown = {a["id"]: a for a in self.alerts()}
        wrong = [f for f in fences if fences[f]["count"] is not None and str(fences[f]["count"]) != stored.get(f, {}).get("count")]
        wrong += sorted(kept ^ set(self.vehicles()))
        wrong += [a for a in shown if shown[a]["state"] != alerts.get(a, {}).get("state")]
        return wrong + sorted(set(alerts) - set(shown))

    def test_truth_is_told_once_and_survives_a_kill(self):
        self.start_city()
        wait_until("all bikes have been heard", lambda: len(self.vehicles()) >= BIKES * 9 // 10, 20)
        wait_until("bikes well inside are shown there", lambda: not self.misplaced(), 15, 0.5)
        wait_until("every true episode is told", lambda: self.stops() and self.alerts() and not self.missing(),
                   DWELL_S + INTERVAL_S + SLACK_S, 0.3)
        before = self.check_alerts()
        self.assertTrue(before)
        wait_until("Redis equals REST", lambda: not self.redis_differs(), 10, 0.5)

        # one of the operator's own, taken with 200, and an alert taken on: both outlive the process
        own = next(a for a in self.alerts(self.keys["HLO"]) if a["kind"] == "out_of_fence" and a["state"] == "open")
        item = {"event_id": "e2e-1", "vehicle": "HLO-99999999", "time": now_rfc3339(), "lock": "locked",
                "location": dict(own["location"], accuracy_m=6)}
        item["location"].pop("crs")
        status, body, _ = self.request("POST", "/v1/vehicles/telemetry", {"crs": "wgs84", "items": [item]}, key=self.keys["HLO"])
        self.assertEqual((status, body["items"][0]["result"]), (200, "accepted"))
        done = self.bowei("alerts", "ack", own["id"], "--note", "on it", "--url", f"http://127.0.0.1:{self.http_port}", "--key-file",
                          self.key_file("HLO"))
        self.assertIn("done", done.stdout)
        self.gateway.kill()
        self.start_gateway()
        shown = {a["id"]: a for a in self.alerts()}
        self.assertEqual(self.get("/v1/vehicles/HLO-99999999", key=self.keys["HLO"])[0], 200)
        self.assertEqual(shown[own["id"]]["state"], "acknowledged")
        for ids in before.values():
            for ident in ids:
                self.assertIn(ident, shown)
        wait_until("every true episode is told", lambda: not self.missing(), DWELL_S + INTERVAL_S + SLACK_S, 0.3)
        after = self.check_alerts()
        for vehicle, ids in before.items():
            self.assertTrue(set(ids) <= set(after[vehicle]))
        wait_until("bikes well inside are shown there", lambda: not self.misplaced(), 15, 0.5)
        # nobody but its operator and staff
        self.assertEqual(self.get("/v1/vehicles/HLO-99999999", key=self.keys["MTN"])[0], 404)
        self.assertEqual(self.get("/v1/vehicles/HLO-99999999")[0], 401)
        self.check_commands(own["id"])

    def key_file(self, operator):
        path = self.folder / f"{operator}.key"
        path.write_text(self.keys[operator] + "\n")
        return path

    def check_commands(self, alert):
        """The command line says what REST says, with its exit codes."""
        to = ["--url", f"http://127.0.0.1:{self.http_port}", "--key-file", self.key_file("HLO")]
        self.assertIn(alert, self.bowei("alerts", "show", alert, *to).stdout)
        csv = self.bowei("alerts", "list", "--csv", *to).stdout
        self.assertTrue(csv.startswith("\ufeffid,kind,state"), csv[:40])
        self.assertIn("MTN", self.bowei("alerts", "list", "--csv", "--limit", "500", *to[:2], "--key-file", self.key_file("MTN")).stdout)
        self.assertNotIn(",MTN-", csv)
        self.assertEqual(self.bowei("alerts", "ack", alert, "A0000000000000001", *to, check=False).returncode, 7)
        self.assertEqual(self.bowei("alerts", "show", "A0000000000000001", *to, check=False).returncode, 4)
        self.assertEqual(self.bowei("alerts", "uphold", alert, *to, check=False).returncode, 7)
        self.assertIn("HLO-99999999", self.bowei("vehicles", "show", "HLO-99999999", *to).stdout)
        self.assertIn('"thresholds"', self.bowei("vehicles", "verdict", "HLO-99999999", "--json", *to).stdout)
        fence = self.get("/v1/fences?limit=1")[1]["items"][0]
        self.assertIn(fence["id"], self.bowei("fences", "show", fence["id"], *to).stdout)
        self.assertIn(fence["id"], self.bowei("fences", "list", *to[:2]).stdout)
        self.assertIn("distance_m", self.bowei("fences", "near", "--lat", fence["location"]["lat"], "--lon", fence["location"]["lon"],
                                               *to[:2]).stdout)
        self.assertEqual(self.bowei("alerts", "mute", fence["id"], "--minutes", 10, *to, check=False).returncode, 5)

    def test_a_feed_in_the_wrong_system_is_one_alert(self):
        self.start_city(faults="at 0 for 600 wrong_crs QJU\n")
        told = wait_until("the feed is suspected", lambda: [a for a in self.alerts() if a["kind"] == "feed_suspect"], 25, 0.3)
        self.assertEqual([a["operator"] for a in told], ["QJU"])
        wait_until("the others' episodes are told", lambda: self.alerts() and not {v for v in self.missing() if not v.startswith("QJU")},
                   DWELL_S + INTERVAL_S + SLACK_S, 0.3)
        flood = [a for a in self.alerts() if a["kind"] == "out_of_fence" and a["operator"] == "QJU" and a["state"] == "open"]
        self.assertLess(len(flood), 3, flood)
        self.assertEqual(len([a for a in self.alerts() if a["kind"] == "feed_suspect"]), 1)


if __name__ == "__main__":
    unittest.main()
