"""The cities that are measured: gateways of the build `bench`, with their Redis, their broker and their load."""
import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
import testbed  # noqa: E402
from testbed import Testbed, check_character, wait_until  # noqa: E402

testbed.BUILD = TOP / "build" / "bench"
testbed.BOWEI = testbed.BUILD / "bowei"
BENCH = testbed.BUILD / "tests" / "bench"
SPACES_PER_LOT = 200
M_PER_DEGREE = 111195.0
LAT, LON = 42.2578, 118.8869


class City(Testbed):
    """A gateway with n spaces at 1000 a square kilometre, each with one native device; 30 % of them free."""

    def runTest(self):
        pass

    def build(self, n):
        self.n = n
        self.setUp()
        side_m = (n / 1000.0) ** 0.5 * 1000
        draw = random.Random(n)
        self.centres = []
        spaces, lots = [], {}
        lat_m, lon_m = 1 / M_PER_DEGREE, 1 / (M_PER_DEGREE * 0.7401)
        for i in range(n):
            lot, number = divmod(i, SPACES_PER_LOT)
            street, site = divmod(lot, 999)
            body = f"150402{street + 1:03d}R{site + 1:03d}"
            if body not in lots:
                lots[body] = (LAT + draw.random() * side_m * lat_m, LON + draw.random() * side_m * lon_m)
            full = f"{body}{number + 1:04d}"
            spaces.append((full + check_character(full), f"{LAT + draw.random() * side_m * lat_m:.7f}",
                           f"{LON + draw.random() * side_m * lon_m:.7f}"))
        for _ in range(4096):
            self.centres.append((LAT + draw.uniform(0.1, 0.9) * side_m * lat_m, LON + draw.uniform(0.1, 0.9) * side_m * lon_m))
        self.ids = [s[0] for s in spaces]
        self.lots = [k + "0000" + check_character(k + "0000") for k in lots]
        lot_rows = [(f"{k}0000{check_character(k + '0000')}", f"点位{k[-3:]}", f"Site {k[-3:]}", "spaces", f"{at[0]:.7f}", f"{at[1]:.7f}", "")
                    for k, at in lots.items()]
        self.start_redis()
        self.make_city(spaces, [(f"dev-{i}", "mqtt", "native", 0, s[0]) for i, s in enumerate(spaces)], lots=lot_rows)
        self.start_gateway()
        self.counter, self.phase = 1, 1
        self.store = self.redis()
        self.publish(n, 1)
        wait_until("all heard", lambda: self.get("/v1/city")[1]["unknown"] == 0, 300, 0.1)
        self.settle()
        return self

    def publish(self, messages, qos, topic="bowei/up/"):
        """Publishes; every device's first message changes its state, its further ones repeat it. Returns the time of the first."""
        first = self.counter
        self.counter += messages // self.n + 1
        if topic == "bowei/up/":
            self.phase = 1 - self.phase
        return float(subprocess.run([BENCH / "publish_load", str(self.broker_port), topic, str(self.n), str(messages), str(qos), str(first),
                                     str(self.phase)], capture_output=True, text=True, check=True).stdout)

    def free_now(self, i):
        return (i % 10 < 3) != (self.phase == 1)

    def applied(self):
        """The newest input that Redis has, by its own word: fencing, images and this field are one transaction."""
        text = self.store.hget("bowei:{150402}:meta", "applied")
        return int(text.split(":")[1]) if text else 0

    def settle(self):
        """Waits until Redis has all that was accepted."""
        def same():
            before = self.applied()
            time.sleep(2.5)  # more than one heartbeat of the flush
            return before == self.applied()

        wait_until("Redis has all", same, 120, 0)

    def rss_kib(self):
        status = Path(f"/proc/{self.gateway.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def finish(self):
        self.doCleanups()


class FleetCity(City):
    """The same city with bikes: 50 a fence, one of twenty out of them, by their three operators' feeds."""

    fence_share, batch = 50, 1000

    def config_text(self):
        return super().config_text() + "bikes:\n  dwell_s: 1\n"  # alerts at once

    def make_city(self, *args, **more):
        super().make_city(*args, **more)
        field = self.folder / "field"
        subprocess.run([testbed.BUILD / "bowei-sim", "make", "--dir", field, "--spaces", "10", "--bikes", str(self.n), "--fences",
                        str(max(self.n // self.fence_share, 20)), "--seed", "1", "--broker-port", str(self.broker_port)], check=True,
                       capture_output=True)
        self.bowei("import", "--config", self.folder / "bowei.yaml", "--quiet", *sorted((field / "fleet").iterdir()))
        fences = json.loads((field / "fleet" / "fences.geojson").read_text())["features"]
        self.corners = [f["geometry"]["coordinates"][0] for f in fences if f["properties"]["id"][9] in "BF"]
        operators = [row.split(",")[0] for row in (field / "fleet" / "operators.csv").read_text().splitlines()[1:]]
        self.vehicles = [f"{operators[i % len(operators)]}-{i:08d}" for i in range(self.n)]

    def build(self, n):
        super().build(n)
        self.staff = self.key()
        self.before = self.rss_kib()
        feeds = {op: self.key("operator", op) for op in sorted({v[:3] for v in self.vehicles})}
        draw = random.Random(n)
        began = time.monotonic()
        for op, key in feeds.items():
            mine = [v for v in self.vehicles if v.startswith(op)]
            for at in range(0, len(mine), self.batch):
                self.post(key, [self.report(draw, v) for v in mine[at:at + self.batch]])
        self.posted_s = time.monotonic() - began
        self.settle()
        return self

    def report(self, draw, vehicle):
        corners = draw.choice(self.corners)
        lon, lat = (sum(c[i] for c in corners[:-1]) / (len(corners) - 1) for i in (0, 1))
        if draw.random() < 0.05:
            lat += 0.0007
        return {"event_id": vehicle, "vehicle": vehicle, "time": testbed.now_rfc3339(), "lock": "locked", "battery": draw.randrange(101),
                "location": {"lat": round(lat, 7), "lon": round(lon, 7), "accuracy_m": 8}}

    def post(self, key, items):
        status, answer, _ = self.request("POST", "/v1/vehicles/telemetry", {"crs": "wgs84", "items": items}, key=key)
        assert status == 200 and all(i["result"] == "accepted" for i in answer["items"]), answer

    def last_answers(self):
        return self.get(f"/v1/vehicles/{self.vehicles[-1]}", key=self.staff)[0] == 200

    def pages(self, path):
        at = f"{path}?limit=1000"
        while at:
            status, page, _ = self.get(at, key=self.staff)
            assert status == 200, page
            yield from page["items"]
            at = f"{path}?limit=1000&cursor={page['next']}" if page.get("next") else None

    def shown(self):
        """How many bikes the list has, how many of them are inside a fence, and how many alerts of bikes there are."""
        verdicts = [v["verdict"] for v in self.pages("/v1/vehicles")]
        alerts = sum("vehicle" in a for a in self.pages("/v1/alerts"))
        return {"bikes": len(verdicts), "inside": verdicts.count("inside"), "alerts": alerts}


class PolledCity(Testbed):
    """A gateway that polls one Modbus line of many registers, all bound to spaces."""

    def runTest(self):
        pass

    def build(self, line, units, channels):
        self.modbus = line
        self.setUp()
        spaces, bindings, devices = [], [], []
        for u in range(units):
            devices.append((f"bench/u{u}", "bench", "modbus"))
            for c in range(channels):
                ident = testbed.space_id(c + 1, site=u + 1)
                spaces.append((ident, f"{LAT + c * 1e-5:.7f}", f"{LON + u * 1e-4:.7f}"))
                bindings.append((f"bench/u{u}", c + 1, ident, 0))
        self.start_redis()
        self.make_city(spaces, [(d, s, m, 0, "") for d, s, m in devices], bindings=bindings)
        self.start_gateway()
        return self

    def finish(self):
        self.doCleanups()

    def polls(self, seconds):
        def count():
            return self.metrics().get('bowei_modbus_polls_total{result="ok"}', 0)

        wait_until("polls", lambda: count() > 10, 30)
        first, begin = count(), time.monotonic()
        time.sleep(seconds)
        last = count()
        return (last - first) / (time.monotonic() - begin)
