"""What city staff do: spaces out of service, lots closed and counted, devices looked at; and who may not."""
import re
import time
import unittest
from pathlib import Path

from testbed import Testbed, check_character, now_rfc3339, space_id, wait_until

LOT = "150402001L0020000"
LOT += check_character(LOT)


class Staff(Testbed):
    def setUp(self):
        super().setUp()
        self.ids = [space_id(i + 1) for i in range(4)]
        self.start_redis()
        files = [
            self.write_csv("lots.csv", ["id", "name_zh", "name_en", "counting", "lat", "lon", "capacity"],
                           [("150402001R001" + "0000" + check_character("150402001R0010000"), "一段", "Section 1", "spaces", 42.25, 118.88, ""),
                            (LOT, "二号停车场", "Lot 2", "gates", 42.26, 118.89, 100)]),
            self.write_csv("spaces.csv", ["id", "lat", "lon"], [(s, 42.25 + i * 1e-4, 118.88) for i, s in enumerate(self.ids)]),
            self.write_csv("devices.csv", ["id", "source", "model"], [(f"dev-{i}", "mqtt", "native") for i in range(4)] + [("gate-1", "mqtt", "native")]),
            self.write_csv("bindings.csv", ["device", "channel", "space", "lot", "rank"],
                           [(f"dev-{i}", 0, s, "", 0) for i, s in enumerate(self.ids)] + [("gate-1", 0, "", LOT, 0)]),
            self.write_csv("aliases.csv", ["scheme", "value", "id"], [("meter", "M-17", self.ids[2])]),
        ]
        self.bowei("import", "--config", self.write_config(), "--replace", *files)
        self.start_gateway()
        self.staff, self.operator = self.key("staff"), self.key("operator", "DEMO")
        self.field = self.publisher()
        self.addCleanup(self.field.close)
        for i in range(4):
            info = self.field.native(f"dev-{i}", occupied=i == 0, counter=1)
        self.field.settle(info)
        wait_until("all heard", lambda: self.get(f"/v1/lots/150402001R0010000{check_character('150402001R0010000')}")[1]["unknown"] == 0, 5)

    def test_out_of_service_and_back(self):
        path = f"/v1/spaces/{self.ids[1]}/out-of-service"
        self.assertEqual(self.request("POST", path, {"reason": "maintenance"})[0], 401)
        self.assertEqual(self.request("POST", path, {"reason": "maintenance"}, key="bw_wrong_key")[0], 401)
        self.assertEqual(self.request("POST", path, {"reason": "maintenance"}, key=self.operator)[0], 403)
        self.assertEqual(self.request("POST", path, {"reason": "tea"}, key=self.staff)[0], 422)
        self.assertEqual(self.request("POST", path, {"reason": "maintenance", "operator_id": 1}, key=self.staff)[0], 422)
        self.assertEqual(self.request("DELETE", path, key=self.staff)[0], 409)
        status, body, _ = self.request("POST", path, {"reason": "maintenance", "note": "表面施工"}, key=self.staff)
        self.assertLess(status, 300, body)
        item = self.space(self.ids[1])
        self.assertEqual((item["state"], item["reason"], item["confidence"]), ("out_of_service", "maintenance", 100))
        self.assertEqual(item["known"]["state"], "free")
        self.assertNotIn(self.ids[1], [i["id"] for i in self.get("/v1/spaces/near?lat=42.25&lon=118.88")[1]["items"]])
        wait_until("Redis says so", lambda: self.redis_states()[self.ids[1]]["state"] == "out_of_service", 5)
        # it survives kill -9 at once, whatever Redis has
        self.gateway.kill()
        self.start_gateway()
        self.assertEqual(self.space(self.ids[1])["state"], "out_of_service")
        status, _, _ = self.request("DELETE", path, key=self.staff)
        self.assertLess(status, 300)
        self.assertEqual(self.space(self.ids[1])["state"], "free")

    def test_out_of_service_ends_by_itself(self):
        until = int(time.time() * 1000) + 1500
        status, body, _ = self.request("POST", f"/v1/spaces/{self.ids[1]}/out-of-service", {"reason": "event", "until": now_rfc3339(until)}, key=self.staff)
        self.assertLess(status, 300, body)
        self.assertEqual(self.space(self.ids[1])["reason"], "event")
        wait_until("back by itself", lambda: self.space(self.ids[1])["state"] == "free", 4)

    def test_gates_and_true_up(self):
        lot = lambda: self.get(f"/v1/lots/{LOT}")[1]
        self.assertEqual((lot()["counting"], lot()["unknown"]), ("gates", 100))
        self.field.settle(self.field.native("gate-1", gate={"in": 1000, "out": 990}, counter=1))
        status, body, _ = self.request("POST", f"/v1/lots/{LOT}/count", {"occupied": 40}, key=self.staff)
        self.assertLess(status, 300, body)
        wait_until("trued up", lambda: lot()["occupied"] == 40, 5)
        self.field.settle(self.field.native("gate-1", gate={"in": 1005, "out": 991}, counter=2))
        wait_until("four more", lambda: lot()["occupied"] == 44, 5)
        self.assertEqual(lot()["free"], 56)
        wait_until("the city has them too", lambda: self.get("/v1/city")[1]["free"] == 56 + 3, 5)  # its totals lag 20 ms
        city = self.get("/v1/city")[1]
        self.assertEqual(city["capacity"], 104)
        self.assertEqual(city["single_spaces"], 4)
        status, _, _ = self.request("POST", f"/v1/lots/{LOT}/closed", {}, key=self.staff)
        self.assertLess(status, 300)
        self.assertTrue(lot()["closed"])
        self.assertEqual(lot()["free"], 0)
        self.assertLess(self.request("DELETE", f"/v1/lots/{LOT}/closed", key=self.staff)[0], 300)
        self.assertEqual(lot()["free"], 56)
        wait_until("Redis has the count", lambda: self.redis().hget(f"bowei:{{150402}}:lot:{LOT}", "occupied") == "44", 5)

    def test_redis_has_no_key_that_is_not_documented(self):
        page = (Path(__file__).resolve().parents[2] / "docs" / "DATA_FORMAT.md").read_text(encoding="utf-8")
        page = page[page.index("\n## Redis"):]
        # `bowei:{150402}:space:<id>`, and behind it in the same row `:more` that begins like it
        known = set()
        for row in (line.split("|")[1] for line in page.splitlines() if line.startswith("| `bowei:")):
            first, *more = re.findall(r"`([^`]+)`", row)
            known |= {first} | {m if m.startswith("bowei:") else first[:first.index("}") + 1] + m for m in more}
        patterns = [re.compile(re.sub(r"\\{150402\\}", r"\\{\\d{6}\\}", re.sub(r"<[^>]*>", "[^:]+", re.escape(k).replace("\\ ", " ")))) for k in known]
        self.field.settle(self.field.native("gate-1", gate={"in": 10, "out": 0}, counter=1))
        wait_until("the gate is heard", lambda: self.get(f"/v1/lots/{LOT}")[1]["occupied"] == 10, 5)
        for method, path, body in (("POST", f"/v1/spaces/{self.ids[0]}/out-of-service", {"reason": "event"}), ("POST", f"/v1/lots/{LOT}/closed", {}),
                                   ("DELETE", f"/v1/lots/{LOT}/closed", None), ("POST", f"/v1/lots/{LOT}/count", {"occupied": 40}),
                                   ("POST", "/v1/devices/dev-3/suspect", {})):
            self.assertLess(self.request(method, path, body, key=self.staff)[0], 300, path)
        r = self.redis()
        wait_until("the count is in Redis", lambda: r.hget(f"bowei:{{150402}}:lot:{LOT}", "occupied") == "40", 5)
        wait_until("so is the suspicion", lambda: r.exists("bowei:{city}:suspect:dev-3"), 5)
        self.assertEqual([], [k for k in r.scan_iter("*") if not any(p.fullmatch(k) for p in patterns)])

    def test_devices_known_and_unknown(self):
        self.field.settle(self.field.native("stranger", occupied=True, counter=9))
        status, body, _ = self.get("/v1/devices", key=self.staff)
        self.assertEqual(status, 200, body)
        self.assertEqual({d["id"] for d in body["items"]}, {"dev-0", "dev-1", "dev-2", "dev-3", "gate-1"})
        unknown = wait_until("the stranger is listed", lambda: self.get("/v1/devices/unknown", key=self.staff)[1]["items"], 5)
        self.assertEqual([d["id"] for d in unknown], ["stranger"])
        self.assertEqual(self.get("/v1/devices")[0], 401)
        self.assertEqual(self.get("/v1/resolve?scheme=meter&value=M-17")[1]["id"], self.ids[2])
        self.assertEqual(self.get("/v1/resolve?scheme=meter&value=M-18")[0], 404)

    def test_a_suspect_device_does_not_vote(self):
        self.assertLess(self.request("POST", "/v1/devices/dev-2/suspect", {}, key=self.staff)[0], 300)
        wait_until("unknown", lambda: self.space(self.ids[2])["reason"] == "sensor_suspect", 3)
        self.assertLess(self.request("DELETE", "/v1/devices/dev-2/suspect", key=self.staff)[0], 300)
        wait_until("free again", lambda: self.space(self.ids[2])["state"] == "free", 3)

    def test_retired_id_is_gone(self):
        retired = self.write_csv("retired.csv", ["id", "replaced_by"], [(self.ids[3], self.ids[2])])
        self.bowei("import", "--config", self.folder / "bowei.yaml", "--allow-removals", retired)
        status, body, _ = wait_until("gone", lambda: (lambda a: a if a[0] == 410 else None)(self.get(f"/v1/spaces/{self.ids[3]}")), 5)
        self.assertEqual(body["replaced_by"], self.ids[2])
        wait_until("the counts follow", lambda: self.get("/v1/city")[1]["single_spaces"] == 3, 5)
        self.assertEqual(self.space(self.ids[2])["state"], "free", "the others keep their state")


if __name__ == "__main__":
    unittest.main()
