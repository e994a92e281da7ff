#!/usr/bin/python3
"""Bench: how long from a bike's position (its telemetry request begins) until the webhook of its alert is at the receiver, idle.

    BOWEI_BUILD=build/release tests/bench/webhook_latency.py [COUNT]

Prints p50, p90, p99 and the most of COUNT (300) positions, 30 ms apart, and the same up to the answer of the telemetry request: until then
the event waits for the disk, which is the larger part.
"""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from receivers import Hooks  # noqa: E402
from testbed import wait_until  # noqa: E402

PAUSE_S = 0.03


class Latency(Hooks):
    def runTest(self):
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
        receiver = self.receiver()
        self.subscribe("HLO", receiver.url)
        took, answered = [], []
        for i in range(count + 1):
            begun = time.monotonic()
            self.leave_outside("HLO", 1)
            answered.append(time.monotonic() - begun)
            wait_until("it came", lambda: len(receiver.posts) > i, 10, 0.0005)
            took.append(receiver.posts[i].at - begun)
            time.sleep(PAUSE_S)
        for name, values in (("position to webhook", took[1:]), ("position to answer", answered[1:])):
            values = sorted(1000 * v for v in values)
            p = [values[min(len(values) - 1, int(len(values) * q))] for q in (0.5, 0.9, 0.99)]
            print(f"{name}: p50 {p[0]:.1f} ms, p90 {p[1]:.1f} ms, p99 {p[2]:.1f} ms, most {values[-1]:.1f} ms ({count})")


if __name__ == "__main__":
    bench = Latency()
    bench.setUp()
    try:
        bench.runTest()
    finally:
        bench.doCleanups()
