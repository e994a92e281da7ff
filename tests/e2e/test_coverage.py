"""Who is responsible, end to end: a city is imported whole, staff see no gap; a street loses its warden and a unit its person by an
import into the running gateway, and the gaps say so; other keys see nothing."""
import os
import unittest
from pathlib import Path

from testbed import Testbed, wait_until

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "example-city"


class Coverage(Testbed):
    def config_text(self):
        return super().config_text().replace("links:\n", "links:\n  - name: bikes\n    host: 127.0.0.1\n"
                                             f"    port: {self.broker_port}\n    client_id: bowei-bikes\n    subscriptions:\n"
                                             "      - topic: bikes/+\n        envelope: native\n")

    def coverage(self, *args):
        os.environ["BOWEI_KEY"] = self.staff
        try:
            return self.bowei("coverage", *args, "--url", f"http://127.0.0.1:{self.http_port}").stdout
        finally:
            del os.environ["BOWEI_KEY"]

    def missing(self):
        status, body, _ = self.get("/v1/coverage/gaps", key=self.staff)
        self.assertEqual(status, 200)
        return {kind: n for kind, n in body["missing"].items() if n}

    def test_every_place_has_someone_responsible(self):
        self.bowei("import", "--config", self.write_config(), *sorted(EXAMPLE.iterdir()))
        self.staff = self.key()
        self.start_gateway()
        self.assertEqual(self.get("/v1/coverage/gaps")[0], 401)
        self.assertEqual(self.get("/v1/coverage/gaps", key=self.key("operator", "YL"))[0], 403)
        self.assertEqual(self.missing(), {})
        status, body, _ = self.get("/v1/coverage", key=self.staff)
        self.assertEqual((status, body["total"]["spaces"], body["total"]["fences"], body["total"]["grids"]), (200, 42, 6, 4))
        units = [u["unit"] for u in body["units"]]
        for street in body["items"]:
            self.assertEqual(len(street["places"]), len(units))
        self.assertIn(0, body["items"][0]["places"])  # who has nothing there is listed, too
        # owner and manager differ, and the case goes to the manager
        place = self.get("/v1/coverage/150402001R00100016", key=self.staff)[1]
        self.assertEqual((place["owner_unit"], place["manage_unit"], place["grid"]), ("CGJ", "TC", "150402001001001"))
        self.assertEqual(place["trades"][0], {"trade": "motor", "rule": "place_manager", "unit": "TC", "person": "P-5001"})
        self.assertIn("150402001", self.coverage("streets"))
        self.assertIn("place_manager", self.coverage("show", "150402001R00100016", "--trades"))

        changed = self.write_csv("changed.csv", ["level", "scope", "person", "unit"], [("street", "150402002", "", "")])
        unit = self.write_csv("unit.csv", ["unit", "kind", "name_zh", "trades", "scope", "person"],
                              [("CT", "enterprise", "城投集团", "", "", "")])
        self.bowei("import", "--config", self.folder / "bowei.yaml", "--allow-removals", changed, unit)
        wait_until("the gaps are known", lambda: self.missing() == {"no_street_warden": 2, "unit_without_person": 1}, 20)
        table = self.coverage("gaps", "--kind", "no_street_warden")
        self.assertIn("无街长", table)
        self.assertIn("150402002B00100005", table)


if __name__ == "__main__":
    unittest.main()
