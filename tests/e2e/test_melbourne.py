"""A real city's snapshot, replayed as Bosch TPS110 uplinks in ChirpStack v4 envelopes, gives its own count of occupied bays."""
import base64
import csv
import gzip
import json
import unittest
from pathlib import Path

from testbed import Testbed, now_rfc3339, space_id, wait_until

DATA = Path(__file__).parent / "data" / "melbourne_2024-04-13.csv.gz"


def uplink(eui, frame_counter, occupied):
    """An uplink as ChirpStack v4 publishes it: zero fields are left out."""
    body = {"deduplicationId": f"{eui}-{frame_counter}", "time": now_rfc3339(),
            "deviceInfo": {"devEui": eui, "deviceName": "bay", "tags": {}}, "fPort": 1,
            "data": base64.b64encode(bytes([1 if occupied else 0])).decode(),
            "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -90, "snr": 7.5}]}
    if frame_counter:
        body["fCnt"] = frame_counter
    return json.dumps(body)


class Melbourne(Testbed):
    def test_replayed_snapshot_gives_its_count_of_present(self):
        with gzip.open(DATA, "rt", encoding="utf-8") as f:
            bays = list(csv.DictReader(f))
        ids = [space_id(i + 1) for i in range(len(bays))]
        euis = [f"70b3d5499{int(b['kerbside_id']):07d}" for b in bays]
        self.start_redis()
        self.make_city([(s, b["lat"], b["lon"]) for s, b in zip(ids, bays)],
                       [(e, "mqtt", "bosch_tps110", 0, s) for e, s in zip(euis, ids)])
        self.start_gateway()
        publisher = self.publisher()
        info = None
        for eui, bay in zip(euis, bays):
            info = publisher.publish(f"application/1/device/{eui}/event/up",
                                     uplink(eui, 0, bay["status"] == "Present"))
        publisher.settle(info, 60)
        present = sum(b["status"] == "Present" for b in bays)
        self.assertEqual(present, 3503)
        wait_until("every bay was heard", lambda: self.get("/v1/city")[1]["unknown"] == 0, 30)
        city = self.get("/v1/city")[1]
        self.assertEqual(city["occupied"], present)
        self.assertEqual(city["free"], len(bays) - present)
        for (ident, item), bay in zip(sorted(self.all_spaces().items()), [b for _, b in sorted(zip(ids, bays), key=lambda p: p[0])]):
            self.assertEqual(item["state"], "occupied" if bay["status"] == "Present" else "free", ident)
        wait_until("Redis says the same",
                   lambda: sum(h["state"] == "occupied" for h in self.redis_states().values()) == present, 10)
        publisher.close()


if __name__ == "__main__":
    unittest.main()
