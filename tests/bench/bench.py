#!/usr/bin/python3
"""The bench: rows of the performance table, each a ratio of two things measured in turn on this machine.

    tests/bench/run.sh [--sizes 1000,10000,100000,1000000] [--rows near,cached,...] [--rounds 3]

Prints one Markdown table a row group and leaves all figures in build/bench/results.json.
"""
import argparse
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import testbed  # noqa: E402
from testbed import Testbed, check_character, free_port, wait_until  # noqa: E402

TOP = Path(__file__).resolve().parents[2]
BENCH = TOP / "build" / "bench" / "tests" / "bench"
SPACES_PER_LOT = 200
M_PER_DEGREE = 111195.0
LAT, LON = 42.2578, 118.8869
WRK_SECONDS = 4
BIKES_MOST = 200000  # `bikes.max` as shipped


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


def wrk(port, script, seconds=WRK_SECONDS, pids=()):
    """Requests a second, p99 in ms, and CPU microseconds a request of the serving processes."""
    before = sum(cpu_of(pid) for pid in pids)
    out = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", "-s", script, f"http://127.0.0.1:{port}/"],
                         capture_output=True, text=True, check=True).stdout
    spent = sum(cpu_of(pid) for pid in pids) - before
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    done = int(re.search(r"(\d+) requests in", out).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    assert bad is None, out
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return rate, float(p99.group(1)) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99.group(2)], spent * 1e6 / done


def cpu_of(pid):
    """User and system seconds of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lua(folder, name, paths):
    path = folder / f"{name}.lua"
    rows = ",\n".join(json.dumps(p) for p in paths)
    path.write_text(f"local paths = {{\n{rows}\n}}\nlocal requests = {{}}\nlocal i = 0\n"
                    "function init(args)\n  for n, p in ipairs(paths) do requests[n] = wrk.format('GET', p) end\nend\n"
                    "function request()\n  i = i % #requests + 1\n  return requests[i]\nend\n")
    return str(path)


def alternate(rounds, things):
    """Runs each named thing in turn, `rounds` times; {name: [values]}."""
    values = {name: [] for name in things}
    for _ in range(rounds):
        for name, thing in things.items():
            values[name].append(thing())
    return values


def ratio(values, a, b):
    pairs = [x / y for x, y in zip(values[a], values[b])]
    return statistics.median(pairs), min(pairs), max(pairs)


class Nginx:
    """One worker, a static file of each size on a port of its own. `sendfile on`, `open_file_cache`, no access log, all else as
    nginx comes: the server against which the bars were set. `pushed_port` has the smallest file with `tcp_nopush on` too: head and
    file then leave in one segment, so that the generator is woken once an answer instead of twice."""

    def __init__(self, folder, sizes):
        os.chmod(folder, 0o755)
        self.ports, servers = {}, ""
        for size in sizes:
            (folder / f"www{size}").mkdir()
            (folder / f"www{size}" / "index.html").write_text("x" * size)
            self.ports[size] = free_port()
            servers += self.server(folder, self.ports[size], size)
        self.pushed_port = free_port()
        servers += self.server(folder, self.pushed_port, min(sizes), " tcp_nopush on;")
        conf = folder / "nginx.conf"
        conf.write_text(f"worker_processes 1;\ndaemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\nuser root;\n"
                        "events { worker_connections 1024; }\nhttp {\n access_log off; sendfile on; open_file_cache max=100;\n"
                        f" keepalive_requests 100000000;\n client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n"
                        f" uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{servers}}}\n")
        self.child = subprocess.Popen(["nginx", "-c", conf, "-p", folder])
        wait_until("nginx", lambda: port_open(self.ports[sizes[0]]) and self.workers(), 10)

    @staticmethod
    def server(folder, port, size, more=""):
        return f" server {{ listen 127.0.0.1:{port};{more} location / {{ root {folder}/www{size}; try_files /index.html =404; }} }}\n"

    def workers(self):
        """The worker's process id; the master's CPU is nothing."""
        return [int(pid) for pid in Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()]

    def stop(self):
        self.child.terminate()
        self.child.wait()


class Constant:
    """libmicrohttpd alone with a ready answer of that size."""

    def __init__(self, size):
        self.child = subprocess.Popen([BENCH / "mhd_constant", str(size)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline())

    def stop(self):
        self.child.kill()
        self.child.wait()


def port_open(port):
    import socket
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Webdis:
    def __init__(self, folder, redis_socket):
        self.port = free_port()
        conf = folder / "webdis.json"
        conf.write_text(json.dumps({"redis_host": str(redis_socket), "redis_port": 0, "http_host": "127.0.0.1", "http_port": self.port,
                                    "threads": 2, "pool_size": 20, "daemonize": False, "websockets": False, "verbosity": 0,
                                    "logfile": str(folder / "webdis.log")}))
        self.child = subprocess.Popen(["webdis", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("webdis", lambda: port_open(self.port), 10)

    def stop(self):
        self.child.terminate()
        self.child.wait()


FIELDS = "&fields=id,location,distance_m"


def near_path(centre, more=""):
    return f"/v1/spaces/near?lat={centre[0]:.6f}&lon={centre[1]:.6f}&radius=300&limit=20{more}"


def answer_bytes(city, more=""):
    """Mean size of a near answer's body."""
    import urllib.request
    return round(statistics.mean(len(urllib.request.urlopen(f"http://127.0.0.1:{city.http_port}{near_path(c, more)}").read())
                                 for c in city.centres[:64]))


def figures(values, base, names):
    """Of {name: [(rate, p99, cpu)]}: rates, CPU a request, p99, and the ratio of each name to base."""
    rates = {k: [x[0] for x in v] for k, v in values.items()}
    out = {f"{k} vs {base}": ratio(rates, k, base) for k in names}
    out.update({f"{k} req/s": statistics.median(v) for k, v in rates.items()})
    out.update({f"{k} CPU us a request": statistics.median(x[2] for x in v) for k, v in values.items()})
    out.update({f"{k} p99 ms": statistics.median(x[1] for x in v) for k, v in values.items()})
    return out


def bench_near(city, rounds, extra):
    """Near against nginx with 1 KB, which is the bar; with files as long as the answers; and against libmicrohttpd alone with
    ready answers of these lengths: what is left to the search, the JSON and the rest of the API."""
    full, some = answer_bytes(city), answer_bytes(city, FIELDS)
    nginx, webdis = Nginx(extra, [1024, full, some]), Webdis(extra, city.redis_socket)
    floors = {size: Constant(size) for size in (1024, full)}
    near = lua(extra, "near", [near_path(c) for c in city.centres])
    few = lua(extra, "few", [near_path(c, FIELDS) for c in city.centres])
    geo = lua(extra, "geo", [f"/GEOSEARCH/bowei:%7B150402%7D:free/FROMLONLAT/{o:.6f}/{a:.6f}/BYRADIUS/300/m/ASC/COUNT/20/WITHDIST"
                             for a, o in city.centres])
    bowei = [city.gateway.child.pid]
    things = {"nginx": lambda: wrk(nginx.ports[1024], near, pids=nginx.workers()),
              "nginx tcp_nopush": lambda: wrk(nginx.pushed_port, near, pids=nginx.workers()),
              "near": lambda: wrk(city.http_port, near, pids=bowei),
              "near fields=": lambda: wrk(city.http_port, few, pids=bowei),
              "nginx, as long": lambda: wrk(nginx.ports[full], near, pids=nginx.workers()),
              "nginx, as long as fields=": lambda: wrk(nginx.ports[some], near, pids=nginx.workers()),
              "libmicrohttpd, 1 KB": lambda: wrk(floors[1024].port, near, pids=[floors[1024].child.pid]),
              "libmicrohttpd, as long": lambda: wrk(floors[full].port, near, pids=[floors[full].child.pid]),
              "webdis": lambda: wrk(webdis.port, geo, pids=[webdis.child.pid, city.redis_process.child.pid])}
    try:
        v = alternate(rounds, things)
    finally:
        for thing in (nginx, webdis, *floors.values()):
            thing.stop()
    out = figures(v, "nginx", [k for k in things if k not in ("nginx", "webdis")])
    rates = {k: [x[0] for x in row] for k, row in v.items()}
    out.update({"near vs webdis": ratio(rates, "near", "webdis"), "near fields= vs webdis": ratio(rates, "near fields=", "webdis"),
                "near vs nginx tcp_nopush": ratio(rates, "near", "nginx tcp_nopush"),
                "near vs nginx as long": ratio(rates, "near", "nginx, as long"),
                "fields= vs nginx as long": ratio(rates, "near fields=", "nginx, as long as fields="),
                "near bytes": full, "near bytes with fields=": some})
    return out


def bench_cached(city, rounds, extra):
    nginx = Nginx(extra, [1024])
    lot = lua(extra, "lot", [f"/v1/lots/{i}" for i in city.lots[:64]])
    page = lua(extra, "page", ["/v1/lots?limit=3"])
    space = lua(extra, "space", [f"/v1/spaces/{i}" for i in random.Random(1).sample(city.ids, min(4096, city.n))])
    bowei = [city.gateway.child.pid]
    try:
        v = alternate(rounds, {"nginx": lambda: wrk(nginx.ports[1024], lot, pids=nginx.workers()),
                               "nginx tcp_nopush": lambda: wrk(nginx.pushed_port, lot, pids=nginx.workers()),
                               "lot": lambda: wrk(city.http_port, lot, pids=bowei),
                               "page": lambda: wrk(city.http_port, page, pids=bowei),
                               "space": lambda: wrk(city.http_port, space, pids=bowei)})
    finally:
        nginx.stop()
    pushed = figures(v, "nginx tcp_nopush", ("lot", "page", "space"))
    return figures(v, "nginx", ("lot", "page", "space")) | {k: x for k, x in pushed.items() if k.endswith("vs nginx tcp_nopush")}


def bench_http(city, rounds, rows):
    out = {}
    for name, bench in (("near", bench_near), ("cached", bench_cached)):
        if name in rows:
            extra = Path(tempfile.mkdtemp(prefix="bowei-bench-"))
            try:
                out[name] = bench(city, rounds, extra)
            finally:
                shutil.rmtree(extra, ignore_errors=True)
    return out


def cpu_seconds(process):
    """User and system time of a running child of ours."""
    return cpu_of(process.child.pid)


class CpuMeter:
    """CPU microseconds a message of each process, and of all: what a rate is made of when the processors are busy."""

    def __init__(self, city):
        self.city, self.first = city, self.read(city)

    @staticmethod
    def read(city):
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)  # publisher and counter
        return {"gateway": cpu_seconds(city.gateway), "redis": cpu_seconds(city.redis_process), "broker": cpu_seconds(city.broker),
                "others": ended.ru_utime + ended.ru_stime}

    def spent_us(self, messages):
        spent = {k: (v - self.first[k]) * 1e6 / messages for k, v in self.read(self.city).items()}
        return spent | {"all": sum(spent.values())}


def bare_rate(city, messages, qos):
    """Messages a second of a callback that only counts, on a topic of its own: the gateway hears nothing of it."""
    meter = CpuMeter(city)
    counter = subprocess.Popen([BENCH / "count_messages", str(city.broker_port), "bench/up/+", str(qos), str(messages)],
                               stdout=subprocess.PIPE, text=True)
    assert counter.stdout.readline().strip() == "ready"
    begin = city.publish(messages, qos, "bench/up/")
    end = float(counter.stdout.readline())
    counter.wait()
    return messages / (end - begin), meter.spent_us(messages)


def gateway_rate(city, messages, qos):
    """Messages a second from the first publish until Redis has all of them."""
    target, meter = city.applied() + messages, CpuMeter(city)
    begin = city.publish(messages, qos)
    wait_until("in Redis", lambda: city.applied() >= target, 120, 0.005)
    return messages / (time.monotonic() - begin), meter.spent_us(messages)


def bench_ingest(city, rounds):
    out = {}
    for qos, messages in ((0, 200000), (1, 60000)):
        v, cpu = {"bare": [], "bowei": []}, {"bare": [], "bowei": []}
        for _ in range(rounds):
            for name, thing in (("bare", bare_rate), ("bowei", gateway_rate)):
                rate, spent = thing(city, messages, qos)
                v[name].append(rate)
                cpu[name].append(spent)
            city.settle()
        spent = {name: {k: statistics.median(c[k] for c in cpu[name]) for k in cpu[name][0]} for name in cpu}
        out.update({f"qos{qos} bare_msg_s": statistics.median(v["bare"]), f"qos{qos} bowei_msg_s": statistics.median(v["bowei"]),
                    f"qos{qos} ratio": ratio(v, "bowei", "bare"),
                    f"qos{qos} bare_cpu_us": spent["bare"]["all"], f"qos{qos} bowei_cpu_us": spent["bowei"]["all"],
                    f"qos{qos} of it gateway": spent["bowei"]["gateway"], f"qos{qos} of it redis": spent["bowei"]["redis"]})
    return out


def bench_latency(city, samples=500):
    """Publish -> visible in REST, idle: one space after the other, asked for over one kept connection."""
    rows = []
    for i in range(min(samples, city.n)):
        rows.append(f"dev-{i} {city.ids[i]} {city.counter} {'occupied' if city.free_now(i) else 'free'}")
    city.counter += 1
    done = subprocess.run([BENCH / "latency", str(city.broker_port), str(city.http_port)], input="\n".join(rows) + "\n",
                          capture_output=True, text=True, check=True)
    took = sorted(float(us) / 1000 for us in done.stdout.split())
    assert len(took) == len(rows), done.stderr
    # what was changed is put back, so that the load's next message changes it again
    city.phase = 1 - city.phase
    city.publish(len(rows), 1)
    city.settle()
    return {"p50_ms": took[len(took) // 2], "p99_ms": took[int(len(took) * 0.99)], "max_ms": took[-1]}


def bench_memory(city):
    r = city.redis()
    keys = [k for k in r.scan_iter("bowei:{*}:space:*", count=10000)][:2000]
    pipe = r.pipeline(transaction=False)
    for k in keys:
        pipe.memory_usage(k)
    hashes = statistics.mean(pipe.execute())
    geo = sum(r.memory_usage(k, samples=0) or 0 for k in r.scan_iter("bowei:{*}:free", count=10000)) / city.n
    rss = city.rss_kib() * 1024
    return {"rss_mib": rss / 2 ** 20, "bytes_per_space_over_15mb": (rss - 15e6) / city.n, "bar_mib": (15e6 + 200 * city.n) / 2 ** 20,
            "redis_bytes_per_space": hashes + geo}


def bench_restart(city, rounds):
    took = []
    for _ in range(rounds):
        city.gateway.kill()
        begin = time.monotonic()
        city.gateway.start()
        wait_until("ready", city.ready, 60, 0.01)
        took.append(time.monotonic() - begin)
    unknown = city.get("/v1/city")[1]["unknown"]
    return {"seconds": statistics.median(took), "worst": max(took), "unknown_after": unknown}


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


def bench_fleet(n, rounds):
    """As many bikes as spaces: what one costs in Redis and in memory, and a start from Redis after a kill -9."""
    city = FleetCity()
    try:
        city.build(n)
        r = city.store
        keys = [k for k in r.scan_iter("bowei:{*}:vehicle:*", count=10000)]
        pipe = r.pipeline(transaction=False)
        for k in keys[:2000]:
            pipe.memory_usage(k)
        index = sum(r.memory_usage(k, samples=0) or 0 for k in r.scan_iter("bowei:{*}:vehicles", count=10000))
        rss, before = city.rss_kib(), city.shown()
        assert len(keys) == before["bikes"] == n and before["alerts"] > n // 50, (len(keys), before)
        ready, answered, logs = [], [], []
        for _ in range(rounds):
            city.gateway.kill()
            begin = time.monotonic()
            city.gateway.start()
            wait_until("ready", city.ready, 60, 0.01)
            ready.append(time.monotonic() - begin)
            wait_until("bikes", city.last_answers, 60, 0.01)
            answered.append(time.monotonic() - begin)
            assert city.shown() == before, (city.shown(), before)
            logs.append(re.findall(r"started in .*", (city.folder / "bowei.log").read_text())[-1])
        print("\n".join(logs))
        return before | {"Redis B a bike": statistics.mean(pipe.execute()) + index / n,
                         "of it the index": index / n, "daemon B a bike": (rss - city.before) * 1024 / n, "posted bikes/s": n / city.posted_s,
                         "restart to ready s": statistics.median(ready),
                         "restart to bikes answered s": statistics.median(answered), "worst s": max(answered)}
    finally:
        city.finish()


def bench_writer(rounds, spaces=100000):
    """The writer alone against its own redis-server, in turn with redis-benchmark -c 1 -P 256 on the same socket: an HSET of
    the same fields and values, which is the bar, and redis-benchmark's own HSET of one short field."""
    out = subprocess.run([BENCH / "bench_writer", str(spaces), str(rounds)], capture_output=True, text=True, check=True).stdout
    names = ("bowei", "with_geo", "plain", "same_shape")
    found = re.findall(r"writer ([\d.]+) HSET/s, with geo changes ([\d.]+), redis-benchmark HSET ([\d.]+), of the same shape ([\d.]+)", out)
    assert len(found) == rounds, out
    v = {name: [float(row[i]) for row in found] for i, name in enumerate(names)}
    return {f"{k}_hset_s": statistics.median(x) for k, x in v.items()} | {
        "vs_same_shape": ratio(v, "bowei", "same_shape"), "geo_vs_same_shape": ratio(v, "with_geo", "same_shape"),
        "vs_plain_hset": ratio(v, "bowei", "plain")}


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


def bench_tcp(rounds, units, channels, stride):
    """Reads of 125 registers over one connection, asked for faster than any line gives them; stride: registers a sensor."""
    server = subprocess.Popen([BENCH / "modbus_server"], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())
    rows = "".join(f"      - name: u{u}\n        unit: {u + 1}\n        map: bench\n        period_ms: 50\n" for u in range(units))
    line = (f"maps:\n  - name: bench\n    function: 3\n    base: 0\n    first: 0\n    stride: {stride}\n    gap: {stride - 1}\n"
            f"    channels: {channels}\n    max_read: 125\n"
            f"lines:\n  - name: bench\n    host: 127.0.0.1\n    port: {port}\n    units:\n{rows}")
    v = {"bare": [], "bowei": []}
    city = PolledCity()
    try:
        city.build(line, units, channels)
        for _ in range(rounds):
            v["bowei"].append(city.polls(3))
            city.gateway.stop()
            v["bare"].append(float(subprocess.run([BENCH / "modbus_loop", str(port), "3"], capture_output=True, text=True, check=True).stdout))
            city.start_gateway()
    finally:
        city.finish()
        server.kill()
        server.wait()
    sensors = (124 // stride) + 1
    return {f"tcp, {sensors} sensors a read: bare_reads_s": statistics.median(v["bare"]),
            f"tcp, {sensors} sensors a read: bowei_reads_s": statistics.median(v["bowei"]),
            f"tcp, {sensors} sensors a read: ratio": ratio(v, "bowei", "bare")}


def bench_modbus(rounds):
    return bench_tcp(rounds, 64, 240, 31) | bench_tcp(rounds, 64, 2000, 1) | bench_rtu(9600) | bench_rtu(115200)


def planned_round_ms(config):
    """The round time that `bowei plan` predicts for the only line; a line that is asked for too much makes it exit with 3."""
    done = subprocess.run([testbed.BOWEI, "plan", "--json", "--config", config], capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stderr
    line, = json.loads(done.stdout)["lines"]
    return line["round_ms"], line["requests"]


def bench_rtu(baud):
    """Wire use on a pty: the arithmetic time of a transaction (bytes and two gaps of 3.5 characters) over the time it took.

    And what `bowei plan` predicts for a round against what a round takes: the units ask for more than the line gives, so that one
    round follows the other.
    """
    folder = Path(tempfile.mkdtemp(prefix="bowei-bench-"))
    slave = subprocess.Popen([BENCH / "rtu_slave", folder / "tty", str(baud)], stdout=subprocess.PIPE, text=True)
    assert slave.stdout.readline().strip() == "ready"
    units = "".join(f"      - name: u{u}\n        unit: {u + 1}\n        map: bench\n        period_ms: 50\n" for u in range(8))
    line = ("maps:\n  - name: bench\n    function: 3\n    base: 0\n    first: 0\n    stride: 1\n    channels: 47\n    max_read: 125\n"
            f"lines:\n  - name: bench\n    device: {folder}/tty\n    baud: {baud}\n    parity: even\n    latency_ms: 0\n    units:\n{units}")
    city = PolledCity()
    try:
        city.build(line, 8, 47)
        rate = max(city.polls(4) for _ in range(3))  # what else the machine does only takes away
        planned_ms, requests = planned_round_ms(city.folder / "bowei.yaml")
    finally:
        city.finish()
        slave.kill()
        shutil.rmtree(folder, ignore_errors=True)
    character = 11 / baud
    gap = max(3.5 * character, 0.00175 if baud > 19200 else 0)
    ideal = (8 + 5 + 2 * 47) * character + 2 * gap
    measured_ms = requests / rate * 1000
    return {f"rtu_{baud}_reads_s": rate, f"rtu_{baud}_wire_use": rate * ideal, f"rtu_{baud}_round_ms": measured_ms,
            f"rtu_{baud}_round_planned_ms": planned_ms, f"rtu_{baud}_planned_vs_measured": planned_ms / measured_ms}


def show(value):
    if isinstance(value, (tuple, list)):
        return f"{value[0]:.2f} ({value[1]:.2f}-{value[2]:.2f})"
    return f"{value:,.0f}" if isinstance(value, (int, float)) and abs(value) >= 1000 else f"{value:.2f}"


def print_rows(title, rows):
    print(f"\n### {title}\n\n| figure | value |\n|---|---|")
    for k, v in rows.items():
        print(f"| {k} | {show(v)} |")
    sys.stdout.flush()


def print_growth(results, sizes):
    """The same figures side by side at every size: cost must grow as the work does."""
    sizes = [n for n in sizes if str(n) in results]
    print("\n### By size\n\n| figure | " + " | ".join(f"{n:,}" for n in sizes) + " |\n|---|" + "---|" * len(sizes))
    names = [(row, figure) for row in results[str(sizes[0])] for figure in results[str(sizes[0])][row]]
    for row, figure in names:
        cells = [results[str(n)].get(row, {}).get(figure) for n in sizes]
        print(f"| {row} {figure} | " + " | ".join("-" if c is None else show(c) for c in cells) + " |")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", default="1000,10000,100000,1000000")
    p.add_argument("--rows", default="near,cached,ingest,latency,memory,restart,fleet,writer,modbus")
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    rows, results = a.rows.split(","), {}
    if "writer" in rows:
        results["writer"] = bench_writer(a.rounds)
        print_rows("Redis writer", results["writer"])
    if "modbus" in rows:
        results["modbus"] = bench_modbus(a.rounds)
        print_rows("Modbus", results["modbus"])
    sizes = [int(s) for s in a.sizes.split(",") if s]
    if "fleet" in rows:
        for n in (n for n in sizes if n <= BIKES_MOST):
            results[f"fleet {n}"] = bench_fleet(n, a.rounds)
            print_rows(f"fleet, {n:,} spaces and bikes", results[f"fleet {n}"])
    for n in sizes:
        if not set(rows) & {"near", "cached", "ingest", "latency", "memory", "restart"}:
            break
        city = City()
        try:
            city.build(n)
            r = bench_http(city, a.rounds, rows)
            if "latency" in rows:
                r["latency"] = bench_latency(city)
            if "memory" in rows:
                r["memory"] = bench_memory(city)
            if "restart" in rows:
                r["restart"] = bench_restart(city, a.rounds)
            if "ingest" in rows:
                r["ingest"] = bench_ingest(city, a.rounds)
            results[str(n)] = r
            for k, v in r.items():
                print_rows(f"{k}, {n:,} spaces", v)
        finally:
            city.finish()
    if len(sizes) > 1 and str(sizes[0]) in results:
        print_growth(results, sizes)
    out = TOP / "build" / "bench" / "results.json"
    out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    testbed.BUILD = TOP / "build" / "bench"
    testbed.BOWEI = testbed.BUILD / "bowei"
    main()
