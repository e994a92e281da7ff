"""A city of one fence, and shared bikes of some operators that say where they stand: base of tests of alerts and their events."""
import json

from testbed import Testbed, check_character, now_rfc3339, space_id

WEST, SOUTH, STEP = 118.8869, 42.2578, 0.0004  # the fence is one step wide and high: about 33 x 44 m
ZONE_STEPS = 10  # a no-parking zone of the same size lies so far east, when there is one


def place_id(kind, street="001"):
    body = f"150402{street}{kind}0010000"
    return body + check_character(body)


class FenceCity(Testbed):
    operators = ("HLO",)
    has_zone = False
    dwell = "bikes:\n  dwell_s: 0\n"

    def config_text(self):
        return super().config_text() + self.dwell

    def prepare(self):
        """What a subclass needs before the configuration is read."""

    def setUp(self):
        super().setUp()
        self.prepare()
        self.start_redis()
        ident = space_id(1)
        self.make_city([(ident, 42.25, 118.88)], [("dev-0", "mqtt", "native", 0, ident)])
        self.park, self.zone = place_id("F"), place_id("N")
        squares = [self.square(self.park, 0, capacity=100)] + ([self.square(self.zone, ZONE_STEPS)] if self.has_zone else [])
        path = self.folder / "fences.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": squares}))
        operators = self.write_csv("operators.csv", ["operator", "name_en"], [(o, o.title()) for o in self.operators])
        self.bowei("import", "--config", self.write_config(), path, operators)
        self.start_gateway()
        self.keys = {o: self.key("operator", o) for o in self.operators}
        self.staff = self.key()
        self.reports = 0

    @staticmethod
    def square(ident, east, **properties):
        ring = [[WEST + (east + x) * STEP, SOUTH + y * STEP] for x, y in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
        return {"type": "Feature", "id": ident, "properties": {"type": "fence", **properties},
                "geometry": {"type": "Polygon", "coordinates": [ring]}}

    def report(self, operator, numbers, lock="locked", east=0.5):
        """A batch of an operator's telemetry: where bikes stand, in steps east of the fence's western side, or that they are ridden."""
        items = []
        for number in numbers:
            self.reports += 1
            items.append({"event_id": f"e{self.reports}", "vehicle": f"{operator}-{number:08d}", "time": now_rfc3339(), "lock": lock})
            if lock == "locked":
                items[-1]["location"] = {"lat": SOUTH + STEP / 2, "lon": WEST + east * STEP, "accuracy_m": 5}
        status, body, _ = self.request("POST", "/v1/vehicles/telemetry", {"crs": "wgs84", "items": items}, key=self.keys[operator])
        self.assertEqual(status, 200, body)
