"""kill -9 of the gateway at random points under load: nothing that the broker acknowledged is lost."""
import json
import random
import threading
import time
import unittest

from testbed import Testbed, space_id, wait_until

DEVICES = 1000
KILLS = 50
SEED = 20261122


class KillGateway(Testbed):
    def journal_numbers(self):
        """{device: numbers} of everything the journal still holds."""
        numbers = {}
        dump = self.bowei("journal", "dump", "--json", "--state", self.state)
        for line in dump.stdout.splitlines():
            row = json.loads(line)
            if row.get("type") == "R":
                numbers.setdefault(row["device"], set()).add(row["counter"])
        return numbers

    def load(self):
        """Every device in turn publishes its next number until told to stop; its state changes every eighth, for a sensor that
        changes all the time is flapping and not believed."""
        while not self.stop.is_set():
            for d in range(DEVICES):
                if self.stop.is_set():
                    return
                self.sent[d] += 1
                n = self.sent[d]
                info = self.field.native(f"dev-{d}", occupied=bool((n // 8 + d) % 2), counter=n)
                self.waiting.append((d, n, info))
                if d % 100 == 99:
                    time.sleep(0.05)  # about 2000 messages a second

    def test_nothing_acknowledged_is_lost(self):
        ids = [space_id(i + 1) for i in range(DEVICES)]
        self.start_redis()
        self.make_city([(s, 42.25 + i * 1e-5, 118.88) for i, s in enumerate(ids)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(ids)])
        self.start_gateway()
        self.field = self.publisher()
        self.sent, self.waiting, self.stop = [0] * DEVICES, [], threading.Event()
        loader = threading.Thread(target=self.load)
        loader.start()
        draw = random.Random(SEED)
        for _ in range(KILLS):
            pause = time.monotonic() + draw.uniform(0.05, 0.8)
            wait_until("the moment to kill", lambda: time.monotonic() > pause, 5, 0.005)
            self.gateway.kill()
            self.gateway.start()
        wait_until("the gateway is ready", self.ready, 30)
        self.stop.set()
        loader.join()
        for _, _, info in self.waiting:
            info.wait_for_publish(30)
        self.assertTrue(all(info.is_published() for _, _, info in self.waiting))

        def shown():
            spaces = self.all_spaces()
            return [d for d in range(DEVICES) if self.sent[d] and
                    spaces[ids[d]]["state"] != ("occupied" if (self.sent[d] // 8 + d) % 2 else "free")]

        try:
            wait_until("each space shows its last number", lambda: not shown(), 30)
        except AssertionError:
            held = self.journal_numbers()
            for d in shown()[:10]:
                print(f"dev-{d}: sent {self.sent[d]}, journal up to {max(held.get(f'dev-{d}', {0}))}, shown {self.space(ids[d])}")
            print({k: v for k, v in self.metrics().items() if "readings" in k or "mqtt" in k})
            raise
        numbers = self.journal_numbers()
        states = self.redis_states()
        lost = [(d, n) for d, n, _ in self.waiting if n not in numbers.get(f"dev-{d}", ())]
        print(f"{len(self.waiting)} messages, {KILLS} kills, {len(lost)} not in the journal")
        self.assertEqual(lost, [], "acknowledged by the broker, yet not kept")
        self.assertEqual(len(states), DEVICES)
        self.field.close()


if __name__ == "__main__":
    unittest.main()
