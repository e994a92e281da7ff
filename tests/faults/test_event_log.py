"""The operators' logs over an outage of Redis, kill -9, a Redis that lost everything and a lost journal: every change of an alert
that the journal had is there, once and in order, for those who may see it; what nobody has any more is said."""
import json
import shutil
import unittest

from fence_city import FenceCity
from testbed import wait_until

OPERATORS = ("HLO", "MTB")


class EventLog(FenceCity):
    operators = OPERATORS

    def alerts(self, operator):
        status, body, _ = self.get("/v1/alerts?limit=1000", key=self.keys[operator])
        self.assertEqual(status, 200, body)
        return {a["id"]: a["version"] for a in body["items"]}

    def ack(self, operator):
        for ident, version in self.alerts(operator).items():
            if version == 1:
                self.assertEqual(self.request("POST", f"/v1/alerts/{ident}/ack", {}, key=self.keys[operator])[0], 200)

    def trouble(self, first):
        """Alerts of both operators, taken on."""
        for i, operator in enumerate(OPERATORS):
            before = len(self.alerts(operator))
            self.report(operator, range(first, first + 4 + i), east=3)
            wait_until("alerts", lambda: len(self.alerts(operator)) == before + 4 + i, 10)
            self.ack(operator)

    def journalled(self):
        """What the journal has of alerts: {operator: [id.version]} in the order of the events."""
        seen = {o: {} for o in OPERATORS}
        for line in self.bowei("journal", "dump", "--config", self.folder / "bowei.yaml", "--json").stdout.splitlines():
            record = json.loads(line)
            if record.get("type") == "E" and "alert" in record:
                seen[record["operator"]][record["event"]] = f'{record["id"]}.{record["version"]}'
        return {o: [seen[o][e] for e in sorted(seen[o])] for o in OPERATORS}

    def logged(self):
        r = self.redis()
        return {o: [f'{f["alert"]}.{f["version"]}' for _, f in r.xrange(f"bowei:{{op:{o}}}:log")] for o in OPERATORS}

    def events(self, operator, after=None, key=None):
        """All events behind a cursor, page by page, and the last cursor; or the status that ended it."""
        found = []
        while True:
            path = f"/v1/events?operator={operator}&limit=3" + (f"&after={after}" if after else "")
            status, body, headers = self.get(path, key=key or self.keys[operator])
            if status != 200:
                self.assertTrue(status != 503 or "Retry-After" in headers, headers)
                return status, after
            after = body["next"]
            if not body["items"]:
                return found, after
            found += [e["id"] for e in body["items"]]
            for e in body["items"]:
                self.assertEqual(e["alert"]["operator"], operator)
                self.assertEqual(e["id"], f'{e["alert"]["id"]}.{e["alert"]["version"]}')

    def assert_all(self, told):
        wait_until("the logs have all", lambda: self.logged() == told, 20)
        for operator in OPERATORS:
            wait_until("so does the API", lambda: self.events(operator)[0] == told[operator], 10)
            self.assertEqual(self.events(operator, key=self.staff)[0], told[operator])

    def test_every_change_is_told_once_and_in_order(self):
        self.trouble(1)
        told = self.journalled()
        self.assertEqual([len(told[o]) for o in OPERATORS], [8, 10])
        self.assert_all(told)
        places = {o: self.events(o)[1] for o in OPERATORS}

        # Redis away: what is new comes from memory; then the gateway is killed
        self.redis_process.kill()
        self.trouble(101)
        told = self.journalled()
        for operator, known in zip(OPERATORS, (8, 10)):
            self.assertEqual(self.events(operator, places[operator])[0], told[operator][known:])
            self.assertEqual(self.events(operator)[0], 503, "the oldest kept are in Redis")
        self.gateway.kill()
        self.redis_process.start()
        self.start_gateway()
        self.assert_all(told)
        for operator, known in zip(OPERATORS, (8, 10)):
            self.assertEqual(self.events(operator, places[operator])[0], told[operator][known:])

        # again, with nothing new: nothing is told twice
        self.gateway.kill()
        self.start_gateway()
        self.trouble(201)
        told = self.journalled()
        self.assert_all(told)

        # Redis loses everything under a running gateway
        self.redis().flushall()
        self.trouble(301)
        told = self.journalled()
        self.assert_all(told)

        # a start without Redis: who asks is told to come again
        self.gateway.stop()
        self.redis_process.stop()
        self.gateway.start()
        wait_until("serving", self.ready, 30)
        self.assertEqual(self.events("HLO", places["HLO"])[0], 503)
        self.redis_process.start()
        self.start_redis()
        wait_until("readable", lambda: self.events("HLO", places["HLO"])[0] == told["HLO"][8:], 20)

        # without the journal Redis has all; without Redis, too, what was is expired
        self.assertEqual(self.gateway.stop(), 0)
        shutil.rmtree(self.state / "journal")
        self.start_gateway()
        self.assert_all(told)
        self.assertEqual(self.gateway.stop(), 0)
        shutil.rmtree(self.state / "journal")
        self.redis().flushall()
        self.start_gateway()
        self.assertEqual(self.events("MTB", places["MTB"])[0], 410)

        # and nobody reads what is not his
        status, body, _ = self.get("/v1/events?operator=MTB", key=self.keys["HLO"])
        self.assertEqual(status, 403, body)


if __name__ == "__main__":
    unittest.main()
