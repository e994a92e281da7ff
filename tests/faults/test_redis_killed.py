"""Redis killed for a minute: every read is answered, and all is equal again soon after it is back."""
import time
import unittest

from reads_under_load import ReadsUnderLoad
from testbed import wait_until


class RedisKilled(ReadsUnderLoad):
    def test_redis_killed_for_60_seconds(self):
        def back():
            self.redis_process.start()
            self.back_at = time.monotonic()

        self.under_load(60, self.redis_process.kill, back)
        wait_until("equal again", self.all_equal, 10)
        print(f"equal {time.monotonic() - self.back_at:.1f} s after Redis was started")


if __name__ == "__main__":
    unittest.main()
