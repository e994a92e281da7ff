"""Redis killed for a minute: every read is answered, and all is equal again soon after it is back. An import meanwhile waits for it."""
import subprocess
import time
import unittest

from reads_under_load import ReadsUnderLoad
from testbed import BOWEI, wait_until


class RedisKilled(ReadsUnderLoad):
    def test_redis_killed_for_60_seconds(self):
        key = self.key()
        aliases = self.write_csv("aliases.csv", ["scheme", "value", "id"], [("bay", "1", self.ids[0])])

        def away():
            self.redis_process.kill()
            for method, body in ("POST", {"reason": "event"}), ("DELETE", None):  # what Redis does not have
                self.assertEqual(self.request(method, f"/v1/spaces/{self.ids[0]}/out-of-service", body=body, key=key)[0], 200)
            self.importing = subprocess.Popen([str(BOWEI), "import", "--config", str(self.folder / "bowei.yaml"), str(aliases)],
                                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def back():
            self.done = self.importing.wait(5), self.resolved()
            self.redis_process.start()
            self.back_at = time.monotonic()

        self.under_load(60, away, back)
        wait_until("equal again", self.all_equal, 10)
        print(f"equal {time.monotonic() - self.back_at:.1f} s after Redis was started")
        self.assertEqual(self.done, (6, 404), "stored, not applied")
        wait_until("the import of the outage is in force", lambda: self.resolved() == 200, 10)

    def resolved(self):
        return self.get("/v1/resolve?scheme=bay&value=1")[0]


if __name__ == "__main__":
    unittest.main()
