"""Webhooks to a receiver that fails three times in ten, while the gateway is killed again and again and Redis is stopped once: each
event is accepted at least once or a dead letter, never neither; what comes twice is the same, byte by byte."""
import os
import random
import time
import unittest

from receivers import Hooks, flaky, signature_holds
from testbed import wait_until

KILLS = int(os.environ.get("BOWEI_KILLS", "8"))
BIKES = 6
SEED = 20261129


class WebhookKills(Hooks):
    schedule = "0,0,1,1,1,1"

    def settled(self, hook):
        """Every event was accepted or is a dead letter."""
        dead = {x["event"] for x in self.get(f"/v1/webhooks/{hook['id']}/deliveries", key=self.keys["HLO"])[1]["dead_letters"]}
        return self.events("HLO") == self.accepted | dead and (dead, True)

    def test_nothing_is_lost_and_what_comes_twice_is_the_same(self):
        draw = random.Random(SEED)
        self.accepted = set()
        answer = flaky(0.3, SEED)

        def manner(handler):
            answer(type("Spy", (), {"say": lambda _, status: self.note(handler, status)})())

        receiver = self.receiver(manner)
        hook = self.subscribe("HLO", receiver.url)
        for kill in range(KILLS):
            for _ in range(BIKES):
                self.leave_outside("HLO", 1)
                time.sleep(draw.random() * 0.05)
            if kill == KILLS // 2:
                self.redis_process.kill()
                self.leave_outside("HLO", BIKES)
            self.gateway.kill()
            if kill == KILLS // 2:
                self.redis_process.start()
            self.start_gateway()
        wait_until("each event has come or is a dead letter", lambda: self.settled(hook), 60, 0.2)
        dead, _ = self.settled(hook)
        self.assertEqual(len(self.events("HLO")), (KILLS + 1) * BIKES)
        self.assertFalse(dead & self.accepted)
        self.assertEqual(self.webhook("HLO", hook["id"])["dead_letters"], len(dead))
        by_id = {}
        for post in receiver.taken():
            self.assertTrue(signature_holds(hook["secret"], post.headers, post.body))
            by_id.setdefault(post.ident, set()).add(post.body)
        self.assertEqual({i: len(bodies) for i, bodies in by_id.items() if len(bodies) > 1}, {})
        # in their order, repeats aside
        first = list(dict.fromkeys(receiver.idents()))
        self.assertEqual(set(first), self.events("HLO"))

    def note(self, handler, status):
        if status == 200:
            self.accepted.add(handler.headers["webhook-id"])
        handler.say(status)


if __name__ == "__main__":
    unittest.main()
