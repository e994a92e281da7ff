"""A stop is honoured within a second at any moment of a start: while Redis drips, and at moments drawn by lot,
after which nothing that was accepted is missing."""
import random
import signal
import socket
import subprocess
import threading
import time
import unittest

from testbed import BOWEI, Testbed, space_id, wait_until

SPACES = 200
STOP_S = 1.5  # a second, and what a busy machine takes
MOMENTS = 10


class Drip(threading.Thread):
    """Between the gateway and Redis: each answer in pieces of some bytes, so that no single read of the gateway times out."""

    def __init__(self, path, to, piece, pause_s):
        super().__init__(daemon=True)
        self.to, self.piece, self.pause_s = str(to), piece, pause_s
        self.bytes = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.to)
            threading.Thread(target=self._asked, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answered, args=(client, server), daemon=True).start()

    @staticmethod
    def _asked(client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _answered(self, client, server):
        try:
            while data := server.recv(self.piece):
                client.sendall(data)
                self.bytes += len(data)
                time.sleep(self.pause_s)
            client.close()
        except OSError:
            pass


class StopAtStart(Testbed):
    def setUp(self):
        super().setUp()
        self.ids = [space_id(i + 1) for i in range(SPACES)]
        self.start_redis()
        self.make_city([(s, 42.25, 118.88 + i * 1e-5) for i, s in enumerate(self.ids)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(self.ids)])

    def fill(self):
        self.start_gateway()
        field = self.publisher()
        self.addCleanup(field.close)
        for i in range(SPACES):
            info = field.native(f"dev-{i}", occupied=i % 3 == 0, counter=1)
        field.settle(info)
        expected = ["occupied" if i % 3 == 0 else "free" for i in range(SPACES)]
        wait_until("all is heard", lambda: self.states() == expected, 10)
        wait_until("all is in Redis", lambda: len(self.redis_states()) == SPACES, 10)
        self.assertEqual(self.gateway.stop(), 0)
        return expected

    def states(self):
        spaces = self.all_spaces()
        return [spaces[s]["state"] for s in self.ids]

    def start_alone(self, *more):
        log = open(self.folder / "bowei.log", "ab")
        self.addCleanup(log.close)
        child = subprocess.Popen([str(BOWEI), "serve", "--config", str(self.folder / "bowei.yaml"), *more], stdout=log, stderr=log)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    @staticmethod
    def blocks_stops(child):
        """It has come as far as to decide itself what a signal does."""
        with open(f"/proc/{child.pid}/status") as f:
            blocked = next(int(line.split()[1], 16) for line in f if line.startswith("SigBlk"))
        return blocked >> (signal.SIGTERM - 1) & 1

    def stop(self, child, number=signal.SIGTERM):
        begin = time.monotonic()
        child.send_signal(number)
        status = child.wait(60)
        self.assertLess(time.monotonic() - begin, STOP_S)
        self.assertEqual(status, 0)

    def test_a_dripping_redis(self):
        self.fill()
        # quick enough for the epoch, which has 2 s; then the images take more than their 20
        drip = Drip(self.folder / "drip.sock", self.redis_socket, 24, 0.03)
        for number in (signal.SIGTERM, signal.SIGINT):
            before = drip.bytes
            child = self.start_alone("--set", f"redis.socket={self.folder}/drip.sock")
            wait_until("it reads", lambda: drip.bytes > before + 1200, 20)
            self.assertEqual(self.gateway.tail(200).count("ready after"), 1, "the first start's")
            self.stop(child, number)
        self.assertIn("stopping while starting: Terminated", self.gateway.tail(200))

    def test_at_moments_drawn_by_lot(self):
        expected = self.fill()
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}")
        lot = random.Random(seed)
        for _ in range(MOMENTS):
            child = self.start_alone()
            wait_until("it lives", lambda: self.blocks_stops(child), 5, every=0.001)
            time.sleep(lot.uniform(0, 0.04))  # it serves after some 15 ms
            self.stop(child)
        self.start_gateway()
        self.assertEqual(self.states(), expected)


if __name__ == "__main__":
    unittest.main()
