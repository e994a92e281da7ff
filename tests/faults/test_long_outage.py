"""Redis away for long under load: the journal stays bounded by images of the places, nothing is lost by it."""
import time
import unittest

from testbed import Testbed, space_id, wait_until

DEVICES = 500
LOAD_SECONDS = 40
LIMIT = 2 << 20
CALM_BYTES_S = 400e3  # what the load appends a second at most, for the bound
ROUND_SECONDS = 16    # a round begins at most 10 s + 5 s after the last one


class LongOutage(Testbed):
    journal_options = "journal:\n  limit_mib: 2\n  reserve_mib: 1\n"

    def journal_size(self):
        size = 0
        for path in (self.state / "journal").glob("*.bwj"):
            try:
                size += path.stat().st_size
            except FileNotFoundError:
                pass  # superseded meanwhile
        return size

    def shown_wrong(self):
        spaces = self.all_spaces()
        return [i for i, taken in self.last.items() if spaces[self.ids[i]]["state"] != ("occupied" if taken else "free")]

    def load(self, field):
        """Returns the greatest size of the journal; states change every 20th message, so that nothing flaps."""
        end, n, greatest = time.monotonic() + LOAD_SECONDS, 1, 0
        while time.monotonic() < end:
            n += 1
            begin = time.monotonic()
            for i in range(DEVICES):
                self.last[i] = bool((n // 40 + i) % 2)
                info = field.native(f"dev-{i}", occupied=self.last[i], counter=n)
            greatest = max(greatest, self.journal_size())
            time.sleep(max(0, 0.25 - (time.monotonic() - begin)))  # 2000 a second
        field.settle(info)
        return greatest

    def test_journal_stays_bounded(self):
        self.ids = [space_id(i + 1) for i in range(DEVICES)]
        self.start_redis()
        self.make_city([(s, 42.25 + i * 1e-5, 118.88) for i, s in enumerate(self.ids)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(self.ids)])
        self.start_gateway()
        key = self.key()
        field = self.publisher()
        self.last = {i: False for i in range(DEVICES)}
        for i in range(DEVICES):
            info = field.native(f"dev-{i}", occupied=False, counter=1)
        field.settle(info)
        wait_until("all free", lambda: self.get("/v1/city")[1]["free"] == DEVICES, 10)

        self.redis_process.kill()
        out = self.ids[7]
        status, _, _ = self.request("POST", f"/v1/spaces/{out}/out-of-service", body={"reason": "maintenance"}, key=key)
        self.assertEqual(status, 200)
        greatest = self.load(field)
        metrics = self.metrics()
        appended = metrics["bowei_journal_bytes_total"]
        print(f"appended {appended / 1e6:.1f} MB, greatest size {greatest / 1e6:.1f} MB, "
              f"{metrics['bowei_journal_superseded_total']:.0f} readings superseded")
        self.assertGreater(appended, 3 * LIMIT, "the load was too small to mean anything")
        self.assertGreater(metrics["bowei_journal_superseded_total"], DEVICES)
        self.assertLess(greatest, LIMIT + ROUND_SECONDS * CALM_BYTES_S)
        self.last.pop(7)
        wait_until("each space shows its last number", lambda: not self.shown_wrong(), 10)

        # what the images carry must be enough for a restart
        self.gateway.kill()
        self.redis_process.start()
        self.start_gateway()
        wait_until("nothing was lost", lambda: not self.shown_wrong(), 10)
        self.assertEqual(self.space(out)["state"], "out_of_service", "the decision of the outage")

        def equal():
            spaces, stored = self.all_spaces(), self.redis_states()
            return len(stored) == DEVICES and all(stored[s]["state"] == spaces[s]["state"] for s in self.ids)

        wait_until("Redis is equal again", equal, 20)
        field.close()


if __name__ == "__main__":
    unittest.main()
