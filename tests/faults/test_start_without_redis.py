"""Redis is down at the start: the journal alone, no staff decisions until Redis was read, and then those in force again."""
import shutil
import unittest

from testbed import Testbed, space_id, wait_until

LOT = space_id(0, site=2, kind="L")
HEARD, DECIDED, JOURNALLED, QUIET = range(4)


class StartWithoutRedis(Testbed):
    def setUp(self):
        super().setUp()
        self.ids = [space_id(i + 1) for i in range(4)]
        self.start_redis()
        self.make_city([(s, 42.25, 118.88 + i * 1e-4) for i, s in enumerate(self.ids)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(self.ids)],
                       lots=[self.ids[0][:13], (LOT, "二号停车场", "Lot 2", "gates", 42.26, 118.89, 100)])
        self.bowei("import", "--config", self.folder / "bowei.yaml",
                   self.write_csv("devices.csv", ["id", "source", "model"], [("gate-1", "mqtt", "native")]),
                   self.write_csv("bindings.csv", ["device", "channel", "lot", "rank"], [("gate-1", 0, LOT, 0)]))
        self.start_gateway()
        self.staff = self.key()
        self.field = self.publisher()
        self.addCleanup(self.field.close)

    def out(self, which, method="POST"):
        body = {"reason": "maintenance", "note": "asphalt"} if method == "POST" else None
        return self.request(method, f"/v1/spaces/{self.ids[which]}/out-of-service", body, key=self.staff)

    def states(self):
        spaces = self.all_spaces()
        return [spaces[s]["state"] for s in self.ids]

    def count(self, gate_in, counter):
        self.field.settle(self.field.native("gate-1", gate={"in": gate_in, "out": 990}, counter=counter))

    def inside(self):
        lot = self.get(f"/v1/lots/{LOT}")[1]
        return lot["occupied"], lot["unknown"], lot["reason"]

    def degraded(self):
        return self.get("/v1/city")[1]["degraded"]

    def test_redis_comes_late(self):
        for i in range(4):
            info = self.field.native(f"dev-{i}", occupied=i == QUIET, counter=1)
        self.field.settle(info)
        self.assertEqual(self.out(DECIDED)[0], 200)
        self.count(1000, 1)
        self.assertEqual(self.request("POST", f"/v1/lots/{LOT}/count", {"occupied": 40}, key=self.staff)[0], 200)
        expected = ["free", "out_of_service", "free", "occupied"]
        wait_until("all is in Redis", lambda: [self.redis_states().get(s, {}).get("state") for s in self.ids] == expected, 10)
        self.assertEqual(self.gateway.stop(), 0)
        # the journal is gone (as after its trim): what follows is in Redis only
        shutil.rmtree(self.state / "journal")
        self.gateway.start()
        wait_until("the gateway is ready", self.ready, 30)
        self.assertEqual(self.states(), expected)
        self.field.settle(self.field.native(f"dev-{JOURNALLED}", occupied=True, counter=2))
        wait_until("the newest is in Redis", lambda: self.redis_states()[self.ids[JOURNALLED]]["state"] == "occupied", 10)
        self.assertEqual(self.gateway.stop(), 0)
        self.redis_process.stop()

        self.gateway.start()
        wait_until("serving", self.ready, 30)
        self.assertIn("kept_unread", self.degraded())
        wait_until("known from the journal, the rest unknown",
                   lambda: self.states() == ["unknown", "unknown", "occupied", "unknown"], 5)
        for method in ("POST", "DELETE"):
            status, _, headers = self.out(DECIDED, method)
            self.assertEqual(status, 503)
            self.assertIn("Retry-After", headers)
        self.field.settle(self.field.native(f"dev-{HEARD}", occupied=True, counter=2))
        wait_until("readings go on", lambda: self.states()[HEARD] == "occupied", 5)

        self.count(1002, 2)
        wait_until("nobody knows how many were inside before", lambda: self.inside() == (0, 100, "count_unread"), 5)

        self.redis_process.start()
        self.start_redis()
        wait_until("Redis was read", lambda: "kept_unread" not in self.degraded(), 15)
        expected = ["occupied", "out_of_service", "occupied", "occupied"]
        self.assertEqual(self.states(), expected)
        self.assertEqual(self.inside(), (42, 0, "fresh"))
        self.assertEqual(self.space(self.ids[DECIDED])["reason"], "maintenance")
        wait_until("Redis is not overwritten with less",
                   lambda: [self.redis_states()[s]["state"] for s in self.ids] == expected, 10)
        self.assertEqual(self.out(QUIET)[0], 200, "staff may decide again")
        self.assertEqual(self.out(DECIDED, "DELETE")[0] // 100, 2)
        wait_until("what the sensor said before", lambda: self.states()[DECIDED] == "free", 5)
        # and a start with all of it
        self.gateway.kill()
        self.start_gateway()
        self.assertEqual(self.states(), ["occupied", "free", "occupied", "out_of_service"])


if __name__ == "__main__":
    unittest.main()
