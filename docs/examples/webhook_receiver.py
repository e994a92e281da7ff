#!/usr/bin/env python3
"""A receiver of webhooks to look at and to begin with: python3 webhook_receiver.py PORT [SECRET]

Prints one line an event. With the secret that POST /v1/webhooks answered ("whsec_...") it refuses what is not signed by it,
or is older than five minutes (docs/API.md, "Webhooks"). What comes twice has the same webhook-id and is to be dropped."""
import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OLD_S = 300
seen = set()


def signed(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < OLD_S
    return fresh and any(hmac.compare_digest(wanted, one) for one in headers["webhook-signature"].split(" "))


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        good = len(sys.argv) < 3 or signed(sys.argv[2], self.headers, body)
        self.send_response(204 if good else 401)
        self.end_headers()
        ident = self.headers["webhook-id"]
        if good and ident not in seen:
            seen.add(ident)
            event = json.loads(body)
            print(event["time"], event["type"], json.dumps(event["data"], ensure_ascii=False), flush=True)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
