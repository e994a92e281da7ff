"""A city that 500 sensors fill and a reader reads, before and during a fault; what it shows and what Redis has afterwards."""
import http.client
import threading
import time

import redis

from testbed import Testbed, space_id, wait_until

SPACES = 500


class Reader(threading.Thread):
    """Reads near over one kept connection and notes status and time of each request."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.rows, self.stop = port, [], threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.stop.is_set():
            begin = time.monotonic()
            connection.request("GET", "/v1/spaces/near?lat=42.2528&lon=118.88&radius=2000")
            answer = connection.getresponse()
            answer.read()
            self.rows.append((begin, time.monotonic() - begin, answer.status))
            time.sleep(0.002)
        connection.close()

    def between(self, begin, end):
        return [(s, t) for b, s, t in self.rows if begin <= b < end]


def p99_ms(rows):
    times = sorted(s for s, _ in rows)
    return times[int(len(times) * 0.99)] * 1000


class ReadsUnderLoad(Testbed):
    def setUp(self):
        super().setUp()
        self.ids = [space_id(i + 1) for i in range(SPACES)]
        self.start_redis()
        self.make_city([(s, 42.25 + i * 1e-5, 118.88) for i, s in enumerate(self.ids)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(self.ids)])
        self.start_gateway()
        self.field = self.publisher()
        self.counter = 0
        self.last = {}
        self.stop_load = threading.Event()

    def publish_round(self):
        self.counter += 1
        for i in range(SPACES):
            self.last[i] = bool((self.counter // 20 + i) % 2)
            info = self.field.native(f"dev-{i}", occupied=self.last[i], counter=self.counter)
        return info

    def load(self):
        while not self.stop_load.is_set():
            self.publish_round()
            self.stop_load.wait(0.5)

    def all_equal(self):
        spaces = self.all_spaces()
        if any(spaces[s]["state"] != ("occupied" if self.last[i] else "free") for i, s in enumerate(self.ids)):
            return False
        try:
            stored = self.redis_states()
        except redis.exceptions.RedisError:  # still loading what it had
            return False
        return len(stored) == SPACES and all(stored[s]["state"] == spaces[s]["state"] for s in self.ids)

    def under_load(self, fault_seconds, begin_fault, end_fault, calm_seconds=10):
        loader, reader = threading.Thread(target=self.load), Reader(self.http_port)
        loader.start()
        reader.start()
        t0 = time.monotonic()
        wait_until("calm", lambda: time.monotonic() > t0 + calm_seconds, calm_seconds + 5)
        begin_fault()
        t1 = time.monotonic()
        wait_until("the fault", lambda: time.monotonic() > t1 + fault_seconds, fault_seconds + 5)
        t2 = time.monotonic()
        end_fault()
        self.stop_load.set()
        loader.join()
        reader.stop.set()
        reader.join()
        calm, fault = reader.between(t0, t1), reader.between(t1, t2)
        self.assertTrue(all(status == 200 for _, status in calm + fault))
        print(f"read p99 calm {p99_ms(calm):.2f} ms, in the fault {p99_ms(fault):.2f} ms, worst {max(s for s, _ in fault) * 1000:.1f} ms")
        return calm, fault
