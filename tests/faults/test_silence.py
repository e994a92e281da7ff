"""A sensor that goes silent is unknown within its limit plus a second, and never free."""
import time
import unittest

from testbed import Testbed, space_id, wait_until


class Silence(Testbed):
    def test_silent_sensor_becomes_unknown(self):
        ids = [space_id(1), space_id(2)]
        self.start_redis()
        self.make_city([(s, 42.25, 118.88 + i * 1e-4) for i, s in enumerate(ids)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(ids)], timing=(2, 6))
        self.start_gateway()
        field = self.publisher()
        field.settle(field.native("dev-0", occupied=False, counter=1))
        field.settle(field.native("dev-1", occupied=True, counter=1))
        wait_until("both known", lambda: self.get("/v1/city")[1]["unknown"] == 0, 5)
        heard = time.monotonic()
        seen = []

        def judged():
            item = self.space(ids[0])
            seen.append((time.monotonic() - heard, item["state"], item["reason"], item["confidence"]))
            return item["state"] == "unknown"

        wait_until("unknown", judged, 8)
        self.assertLess(seen[-1][0], 7.2)
        self.assertGreater(seen[-1][0], 5.0, "unknown too early")
        self.assertEqual(seen[-1][2], "silent")
        falling = [c for _, s, _, c in seen if s == "free"]
        self.assertEqual(falling, sorted(falling, reverse=True), "confidence never rises while nothing is heard")
        self.assertEqual(self.space(ids[0])["known"]["state"], "free")
        wait_until("the other as well", lambda: self.space(ids[1])["state"] == "unknown", 3)
        wait_until("the near list has none", lambda: self.get("/v1/spaces/near?lat=42.25&lon=118.88")[1]["items"] == [], 2)
        wait_until("Redis says so", lambda: self.redis_states()[ids[0]]["state"] == "unknown", 3)
        self.assertNotIn(ids[0], self.redis().zrange("bowei:{150402}:free", 0, -1))
        field.settle(field.native("dev-0", occupied=False, counter=2))
        wait_until("heard again", lambda: self.space(ids[0])["state"] == "free", 3)
        field.close()


if __name__ == "__main__":
    unittest.main()
