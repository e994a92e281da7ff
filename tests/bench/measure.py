"""How a rate is taken, what it cost, and how two of them are compared."""
import json
import os
import re
import resource
import statistics
import subprocess
from pathlib import Path

WRK_SECONDS = 4


def cpu_of(pid):
    """User and system seconds of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def figures(values, base, names):
    """Of {name: [(rate, p99, cpu)]}: rates, CPU a request, p99, and the ratio of each name to base."""
    rates = {k: [x[0] for x in v] for k, v in values.items()}
    out = {f"{k} vs {base}": ratio(rates, k, base) for k in names}
    out.update({f"{k} req/s": statistics.median(v) for k, v in rates.items()})
    out.update({f"{k} CPU us a request": statistics.median(x[2] for x in v) for k, v in values.items()})
    out.update({f"{k} p99 ms": statistics.median(x[1] for x in v) for k, v in values.items()})
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
