"""Receivers of webhooks on loopback, well behaved and not, and a city whose bikes make events for them."""
import base64
import hashlib
import hmac
import http.server
import random
import socket
import ssl
import subprocess
import threading
import time

from fence_city import FenceCity

OPERATORS = ("HLO", "MTN")


def signature_holds(secret, headers, body):
    """Standard Webhooks, written anew here so that the program is not its own judge. Any of the signatures may hold."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    near = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return near and any(hmac.compare_digest(want, given) for given in headers["webhook-signature"].split(" "))


class Post:
    def __init__(self, headers, body):
        self.at, self.headers, self.body = time.monotonic(), headers, body

    @property
    def ident(self):
        return self.headers["webhook-id"]


class Receiver:
    """An HTTP(S) server that notes each POST and answers as `manner` says: a status, or a function of the handler."""

    def __init__(self, manner=200, certificate=None):
        self.posts, self.lock, self.manner = [], threading.Lock(), manner
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    outer.posts.append(Post({k.lower(): v for k, v in self.headers.items()}, body))
                if callable(outer.manner):
                    outer.manner(self)
                else:
                    self.say(outer.manner)

            def say(self, status, **headers):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # the gateway hangs up on endless bodies

        self.server = Server(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def taken(self):
        with self.lock:
            return list(self.posts)

    def idents(self):
        return [p.ident for p in self.taken()]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def slow(handler):
    time.sleep(4)
    handler.say(200)


def endless(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    for _ in range(2000):
        handler.wfile.write(chunk)


def flaky(share, seed):
    """Fails so often; what it answered 200 to is noted in `accepted`."""
    draw = random.Random(seed)

    def manner(handler):
        handler.say(503 if draw.random() < share else 200)
    return manner


class Hooks(FenceCity):
    """A city of two operators with one fence; each bike that is left outside is an event."""

    operators = OPERATORS
    schedule = "0,1,1"
    delivery_options = ""

    def config_text(self):
        return (super().config_text() +
                f"delivery:\n  allow: 127.0.0.1/32\n  ca_file: {self.folder}/ca.crt\n  schedule_s: \"{self.schedule}\"\n"
                f"  timeout_s: 1\n  connect_timeout_s: 1\n{self.delivery_options}")

    def prepare(self):
        self.make_authority()
        self.bikes = dict.fromkeys(OPERATORS, 0)

    # --- certificates ---

    def openssl(self, *args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, cwd=self.folder)

    def make_authority(self):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2, "-subj", "/CN=city",
                     "-keyout", "ca.key", "-out", "ca.crt")

    def certificate(self, name, days=2):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", days,
                     "-copy_extensions", "copy", "-out", f"{name}.crt")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    # --- events and webhooks ---

    def receiver(self, manner=200, certificate=None):
        r = Receiver(manner, certificate)
        self.addCleanup(r.close)
        return r

    def leave_outside(self, operator, count):
        """So many more bikes of an operator outside the fence: an event each."""
        first = self.bikes[operator] + 1
        self.bikes[operator] += count
        self.report(operator, range(first, first + count), east=3)

    def subscribe(self, operator, url, **more):
        status, body, _ = self.request("POST", "/v1/webhooks", {"url": url, **more}, key=self.keys[operator])
        self.assertEqual(status, 200, body)
        return body

    def webhook(self, operator, ident):
        status, body, _ = self.get(f"/v1/webhooks/{ident}", key=self.keys[operator])
        self.assertEqual(status, 200, body)
        return body

    def events(self, operator):
        """Ids of all events of an operator: every version of each of its alerts."""
        status, body, _ = self.get("/v1/alerts?limit=1000", key=self.keys[operator])
        self.assertEqual(status, 200, body)
        return {f"{a['id']}.{v}" for a in body["items"] for v in range(1, a["version"] + 1)}
