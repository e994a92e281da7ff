"""The rows `memory`, `restart`, `fleet` and `writer`: what is kept, what it costs, how soon it is back."""
import re
import statistics
import subprocess
import time

from city import BENCH, FleetCity
from measure import ratio
from testbed import wait_until


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


def start_killed(city):
    """Starts the gateway again after a kill -9, and waits until it is ready; returns when it was started."""
    city.gateway.kill()
    begin = time.monotonic()
    city.gateway.start()
    wait_until("ready", city.ready, 60, 0.01)
    return begin


def bench_restart(city, rounds):
    took = []
    for _ in range(rounds):
        took.append(time.monotonic() - start_killed(city))
    unknown = city.get("/v1/city")[1]["unknown"]
    return {"seconds": statistics.median(took), "worst": max(took), "unknown_after": unknown}


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
            begin = start_killed(city)
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
