"""Two gateways: on one Redis the newer epoch wins and the older steps down; on one state folder the second refuses."""
import subprocess
import time
import unittest

from testbed import BOWEI, Testbed, free_port, space_id, wait_until

EXIT_FAILURE, EXIT_STEPPED_DOWN = 1, 69


class TwoGateways(Testbed):
    def setUp(self):
        super().setUp()
        self.ids = [space_id(1), space_id(2)]
        self.start_redis()
        self.make_city([(s, 42.25, 118.88 + i * 1e-4) for i, s in enumerate(self.ids)],
                       [(f"dev-{i}", "mqtt", "native", 0, s) for i, s in enumerate(self.ids)])
        self.start_gateway()
        self.field = self.publisher()

    def test_second_takes_the_epoch(self):
        self.field.settle(self.field.native("dev-0", occupied=False, counter=1))
        self.field.settle(self.field.native("dev-1", occupied=True, counter=1))
        wait_until("both in Redis", lambda: [self.redis_states().get(s, {}).get("state") for s in self.ids] == ["free", "occupied"], 10)
        key = self.key()
        out = f"/v1/spaces/{self.ids[1]}/out-of-service"
        self.assertEqual(self.request("POST", out, body={"reason": "event"}, key=key)[0], 200)
        wait_until("the decision is in Redis", lambda: self.redis_states()[self.ids[1]]["state"] == "out_of_service", 10)
        first, first_state = self.gateway, self.state

        # a second one with a state folder, a broker session and a port of its own
        self.state = self.folder / "state2"
        self.state.mkdir(mode=0o700)
        self.http_port = free_port()
        config = self.write_config()
        text = config.read_text().replace("client_id: bowei-test", "client_id: bowei-second")
        second_config = self.folder / "second.yaml"
        second_config.write_text(text)
        config.write_text(text.replace(str(self.state), str(first_state)))
        files = [self.folder / n for n in ("lots.csv", "spaces.csv", "devices.csv", "bindings.csv")]
        self.bowei("import", "--config", second_config, "--replace", "--allow-removals", *files)
        self.gateway = self.process("second", [BOWEI, "serve", "--config", second_config])
        wait_until("the second is ready", self.ready, 30)

        self.assertEqual(first.child.wait(15), EXIT_STEPPED_DOWN, first.tail())
        self.assertIn("epoch", first.tail(60))
        epoch = [f for f in self.bowei_epochs()]
        self.assertEqual(self.space(self.ids[1])["state"], "out_of_service", "the decision of the first is in force")
        self.field.settle(self.field.native("dev-0", occupied=True, counter=2))
        wait_until("the second writes", lambda: self.redis_states()[self.ids[0]]["state"] == "occupied", 10)
        self.assertEqual(self.bowei_epochs(), epoch, "one owner, and it stays so")
        self.assertEqual(self.gateway.child.poll(), None)
        # started again the first would take the epoch back: only one of the two is meant to run

    def bowei_epochs(self):
        r = self.redis()
        return sorted((k, r.get(k)) for k in r.scan_iter("bowei:*epoch*"))

    def test_second_on_the_same_folder_refuses(self):
        begin = time.monotonic()
        done = subprocess.run([str(BOWEI), "serve", "--config", str(self.folder / "bowei.yaml")], capture_output=True, text=True,
                              timeout=20)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(done.returncode, EXIT_FAILURE, done.stderr)
        self.assertIn(f"is in use by process {self.gateway.child.pid}", done.stdout + done.stderr)
        self.field.settle(self.field.native("dev-0", occupied=False, counter=1))
        wait_until("the first goes on", lambda: self.space(self.ids[0])["state"] == "free", 5)

    def test_second_on_the_same_port_refuses_and_takes_nothing(self):
        other, config = self.folder / "other", self.folder / "other.yaml"
        other.mkdir(mode=0o700)
        config.write_text((self.folder / "bowei.yaml").read_text().replace(str(self.state), str(other)))
        epochs = self.bowei_epochs()
        done = subprocess.run([str(BOWEI), "serve", "--config", str(config)], capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, EXIT_FAILURE, done.stderr)
        self.assertIn("address already in use", done.stderr)
        self.assertNotIn("started in", done.stderr)
        self.assertEqual(self.bowei_epochs(), epochs, "a start that fails takes no district from the one that runs")


if __name__ == "__main__":
    unittest.main()
