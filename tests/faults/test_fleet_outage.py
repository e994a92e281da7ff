"""Bikes, alerts and planned events over an outage of Redis, kill -9, a lost journal and a start: everything is there, told once."""
import shutil
import unittest

from fence_city import FenceCity
from testbed import wait_until

BIKES = 40


class FleetOutage(FenceCity):
    has_zone = True

    def vehicles(self):
        status, body, _ = self.get("/v1/vehicles?limit=1000", key=self.staff)
        return {v["vehicle"]: v["verdict"] for v in body["items"]} if status == 200 else {}

    def alerts(self):
        status, body, _ = self.get("/v1/alerts?limit=1000", key=self.staff)
        return {a["id"]: (a["kind"], a["state"], a["vehicle"], a["version"]) for a in body["items"]} if status == 200 else {}

    def move(self, ident, verb):
        status, body, _ = self.request("POST", f"/v1/alerts/{ident}/{verb}", {"note": "on it"}, key=self.keys["HLO"])
        self.assertEqual(status, 200, body)

    def stored(self):
        r = self.redis()
        listed = r.smembers("bowei:{150402}:vehicles")
        keys = {k.rsplit(":", 1)[1] for k in r.scan_iter("bowei:{*}:vehicle:*", count=1000)}
        return keys if keys == listed else None

    def same(self, what, vehicles, alerts):
        wait_until(what, lambda: self.vehicles() == vehicles and self.alerts() == alerts, 20)

    def test_nothing_is_lost_and_nothing_told_twice(self):
        self.report("HLO", range(BIKES))
        self.report("HLO", range(BIKES, BIKES + 6), east=3)
        self.report("HLO", [BIKES + 6], east=10.5)
        wait_until("alerts of those outside", lambda: len(self.alerts()) == 7, 10)
        first, second, *_ = sorted(self.alerts())
        self.move(first, "ack")
        wait_until("all is in Redis", lambda: self.stored() == set(self.vehicles()), 10)
        self.assertEqual(self.redis().hget("bowei:{150402}:fence:" + self.park, "count"), str(BIKES))

        # Redis away: rides, new alerts, decisions; then the process is killed
        self.redis_process.kill()
        self.report("HLO", [0, 1], lock="unlocked")
        self.report("HLO", [2, 3], lock="unlocked")
        self.report("HLO", [2, 3], east=3)
        self.report("HLO", [100])
        wait_until("alerts of the outage", lambda: len(self.alerts()) == 9, 10)
        self.move(second, "ack")
        self.move(second, "dispatch")
        vehicles, alerts = self.vehicles(), self.alerts()
        self.assertEqual(len(vehicles), BIKES + 6)
        self.gateway.kill()
        self.redis_process.start()
        self.start_gateway()
        self.same("both are one again", vehicles, alerts)
        wait_until("Redis follows", lambda: self.stored() == set(vehicles), 20)
        self.assertEqual(self.redis().scard("bowei:{150402}:alerts"), 9)

        # Redis alone knows all of it
        self.assertEqual(self.gateway.stop(), 0)
        shutil.rmtree(self.state / "journal")
        self.start_gateway()
        self.same("from Redis", vehicles, alerts)

        # a start without Redis, which comes late
        self.gateway.stop()
        self.redis_process.stop()
        self.gateway.start()
        wait_until("serving", self.ready, 30)
        self.redis_process.start()
        self.start_redis()
        self.same("late, and once", vehicles, alerts)
        self.report("HLO", [100], lock="unlocked")
        wait_until("and it goes on", lambda: self.stored() == set(vehicles) - {"HLO-00000100"}, 20)


if __name__ == "__main__":
    unittest.main()
