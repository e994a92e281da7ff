"""The row `modbus`: polls beside a bare loop of libmodbus, and use of a serial wire beside arithmetic."""
import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

import testbed
from city import BENCH, PolledCity
from measure import ratio


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
