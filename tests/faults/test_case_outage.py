"""Cases over an outage of Redis, kill -9, a Redis that comes back empty, a lost journal and a start before Redis: all are there, whole."""
import shutil
import unittest

from test_cases import SPACES, Desk, evidence
from testbed import wait_until


class CaseOutage(Desk):
    def file(self):
        """{number: rows} of what Redis lists and holds; None when it lists what it does not hold."""
        r = self.redis()
        listed = r.smembers("bowei:{150402}:cases")
        held = {n: r.hlen(f"bowei:{{150402}}:case:{n}:rows") for n in listed if r.exists(f"bowei:{{150402}}:case:{n}")}
        return held if set(held) == listed else None

    def whole(self):
        return {n: self.case(n) for n in self.cases()}

    def readable(self):
        return self.get("/v1/cases", key=self.checker)[0] == 200

    def kept(self, cases):
        return self.file() == {n: len(c["history"]) for n, c in cases.items()}

    def test_nothing_of_a_case_is_lost(self):
        self.start_desk()
        numbers = [self.opened("order", s, "hotline", text="before", evidence=evidence()) for s in SPACES[:6]]
        for number in numbers[:4]:
            self.move(number, "file")
            self.move(number, "check_in")
        wait_until("Redis has all", lambda: self.kept(self.whole()), 10, 0.2)

        # Redis away: the desk goes on; then the process is killed
        self.redis_process.kill()
        self.move(numbers[0], "suspend", {"note": "road works"})
        self.move(numbers[1], "feedback", {"note": "done", "evidence": evidence()})
        numbers.append(self.opened("facility", SPACES[7], text="during"))
        before = self.whole()
        self.gateway.kill()
        self.redis_process.start()
        self.start_gateway()
        self.assertEqual(self.whole(), before)
        wait_until("Redis follows", lambda: self.kept(before), 20, 0.2)

        # a Redis that lost everything gets everything again
        self.redis_process.kill()
        shutil.rmtree(self.folder / "appendonlydir")
        self.redis_process.start()
        self.start_redis()
        wait_until("all is written anew", lambda: self.kept(before), 30, 0.2)

        # Redis alone knows all of it
        self.assertEqual(self.gateway.stop(), 0)
        shutil.rmtree(self.state / "journal")
        self.start_gateway()
        self.assertEqual(self.whole(), before)

        # a start before Redis: nothing is opened, lest a number be given twice; then it goes on
        self.gateway.stop()
        self.redis_process.stop()
        self.gateway.start()
        wait_until("serving", self.ready, 30)
        self.post("/v1/cases", {"kind": "order", "source": "patrol", "place": SPACES[8], "text": "too early"}, self.patrol, 503)
        self.redis_process.start()
        self.start_redis()
        wait_until("Redis was read late", self.readable, 30, 0.2)
        self.assertEqual(self.whole(), before)
        last = self.opened("order", SPACES[8], text="behind all of it")
        self.assertNotIn(last, before)
        self.move(numbers[0], "resume")
        wait_until("Redis follows again", lambda: self.kept(self.whole()), 20, 0.2)


if __name__ == "__main__":
    unittest.main()
