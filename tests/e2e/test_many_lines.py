"""Sixty-four Modbus lines in one process, within the descriptors and threads that the shipped systemd unit allows."""
import os
import re
import resource
import unittest
from pathlib import Path

from modbus_field import ModbusField
from testbed import Testbed, space_id, wait_until

LINES = 64
UNIT_FILE = Path(__file__).resolve().parents[2] / "docker" / "systemd" / "bowei.service"


def limit_of(name):
    return int(re.search(rf"^{name}=(\d+)$", UNIT_FILE.read_text(), re.M).group(1))


class ManyLines(Testbed):
    def test_sixty_four_lines_fit(self):
        descriptors, tasks = limit_of("LimitNOFILE"), limit_of("TasksMax")
        field = ModbusField()
        self.addCleanup(field.close)
        for unit in range(1, LINES + 1):
            field.set(unit, r0=unit % 2)
        self.modbus = ("lines:\n" + "".join(f"  - name: l{n}\n    host: 127.0.0.1\n    port: {field.port}\n    units:\n"
                                            f"      - {{name: u, unit: {n}, map: one, period_ms: 500}}\n" for n in range(1, LINES + 1)) +
                       "maps:\n  - name: one\n    channels: 1\n")
        ids = [space_id(n) for n in range(1, LINES + 1)]
        self.make_city([(s, 42.25 + i * 1e-4, 118.88) for i, s in enumerate(ids)],
                       [(f"l{i + 1}/u", f"l{i + 1}", "", 1, s) for i, s in enumerate(ids)])
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < descriptors:
            self.skipTest(f"this host allows {hard} open files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, descriptors), descriptors))  # the gateway inherits it
        self.start_gateway()
        wait_until("every line is read", lambda: [self.space(s)["state"] for s in ids] ==
                   ["occupied" if n % 2 else "free" for n in range(1, LINES + 1)], 20)
        proc = Path(f"/proc/{self.gateway.child.pid}")
        threads = len(os.listdir(proc / "task"))
        open_files = [int(n) for n in os.listdir(proc / "fd")]
        sockets = [n for n in open_files if "socket:" in os.readlink(proc / "fd" / str(n))]
        print(f"{LINES} lines: {threads} threads of {tasks}, {len(open_files)} open files of {descriptors}")
        self.assertGreaterEqual(threads, LINES)
        self.assertLess(threads, tasks - 64, "room for as many again")
        self.assertGreaterEqual(len(sockets), LINES)
        self.assertLess(len(open_files), 1024 - 512, "select() users stay below 1024, with room")


if __name__ == "__main__":
    unittest.main()
