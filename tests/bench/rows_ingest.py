"""The rows `ingest` and `latency`: from a publish to Redis, and to a reader."""
import statistics
import subprocess
import time

from city import BENCH
from measure import CpuMeter, ratio
from testbed import wait_until


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
