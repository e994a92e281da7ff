"""TLS towards brokers, for links and MQTT out: a real mosquitto with several listeners. Messages arrive; a certificate of a foreign CA, of
another host or of last week, a broker that wants ours, and what speaks no TLS are each refused by name, shown, backed off from, and
heal by themselves; a file that is no good is a fault of the configuration; edited links are taken over by a reload."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import paho.mqtt.client as mqtt

from testbed import BOWEI, Testbed, free_port, space_id, wait_until

AREA = "150402"
LISTENERS = ("good", "mutual", "wrongca", "wronghost", "expired")
REFUSED = {
    "wrongca": "unable to get local issuer certificate",
    "wronghost": "IP address mismatch",
    "expired": "certificate has expired",
    "nocert": r"the broker wants a certificate of ours \(cert_file\)",
    "foreigncert": "the broker does not trust the issuer of our certificate",
    "plain": "the broker cut the TLS connection without a word|Connection reset by peer",
    "reset": "Connection reset by peer",
}


class Resetting:
    """A port that accepts, waits for the first bytes and resets."""

    def __init__(self):
        self.accepted = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                s, _ = self.server.accept()
            except OSError:
                return
            self.accepted.append(time.monotonic())
            s.recv(1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()


class MqttTls(Testbed):
    tls_out = True
    links = ("good", "mutual", *REFUSED)

    def openssl(self, name, *args, ca="ca", before=(), days="2"):
        issued = ("-CA", self.folder / f"{ca}.crt", "-CAkey", self.folder / f"{ca}.key") if ca else ()
        subprocess.run([*before, "openssl", "req", "-x509", *issued, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", days, "-subj", f"/CN={name}", "-keyout", self.folder / f"{name}.key",
                        "-out", self.folder / f"{name}.crt", *args], check=True, capture_output=True)
        (self.folder / f"{name}.key").chmod(0o600)

    def server_certificates(self, right):
        here = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
        for name in LISTENERS if right else ("good", "mutual"):
            self.openssl(name, *here)
        if not right:
            self.openssl("wrongca", *here, ca="foreign")
            self.openssl("wronghost", "-addext", "subjectAltName=DNS:broker.example", "-addext", "basicConstraints=critical,CA:FALSE")
            self.openssl("expired", *here, before=("faketime", "-3 days"), days="1")

    def _broker_conf(self):
        for name in ("ca", "foreign"):
            self.openssl(name, ca=None)
        for name, ca in (("client", "ca"), ("stranger", "foreign")):
            self.openssl(name, "-addext", "basicConstraints=critical,CA:FALSE", ca=ca)
        self.server_certificates(right=False)
        self.ports = {name: free_port() for name in LISTENERS}
        self.ports.update(nocert=self.ports["mutual"], foreigncert=self.ports["mutual"], plain=self.broker_port)
        self.resetting = Resetting()
        self.addCleanup(self.resetting.server.close)
        self.ports["reset"] = self.resetting.port
        passwords = self.folder / "passwords"
        passwords.touch(mode=0o600)
        subprocess.run(["mosquitto_passwd", "-b", passwords, "gateway", "right"], check=True, capture_output=True)
        path = super()._broker_conf()
        text = path.read_text().replace("listener", "per_listener_settings true\nlistener", 1)
        for name in LISTENERS:
            text += (f"listener {self.ports[name]} 127.0.0.1\ncafile {self.folder}/ca.crt\ncertfile {self.folder}/{name}.crt\n"
                     f"keyfile {self.folder}/{name}.key\n")
            text += f"allow_anonymous false\npassword_file {passwords}\n" if name == "good" else "allow_anonymous true\n"
            text += "require_certificate true\n" if name == "mutual" else ""
        path.write_text(text)
        return path

    def tls(self, indent, port, certificate=None, host="127.0.0.1"):
        lines = [f"host: {host}\n{indent}port: {port}", "tls: true", f"ca_file: {self.folder}/ca.crt"]
        if certificate:
            lines += [f"cert_file: {self.folder}/{certificate}.crt", f"key_file: {self.folder}/{certificate}.key"]
        return "".join(f"{indent}{line}\n" for line in lines)

    def config_text(self):
        (self.folder / "password").touch(mode=0o600)
        (self.folder / "password").write_text("right\n")
        text = (f"instance: test\nstate_folder: {self.state}\nkeys_file: {self.folder}/keys\n"
                f"http:\n  host: 127.0.0.1\n  port: {self.http_port}\nredis:\n  socket: {self.redis_socket}\n")
        if self.tls_out:
            text += f"mqtt_out:\n  area: \"{AREA}\"\n" + self.tls("  ", self.ports["mutual"], "client")
        text += "links:\n"
        for name in self.links:
            certificate = {"mutual": "client", "foreigncert": "stranger"}.get(name, getattr(self, name + "_certificate", None))
            text += f"  - name: {name}\n" + self.tls("    ", self.ports[name], certificate,
                                                          "localhost" if name == "good" else "127.0.0.1")
            text += f"    username: gateway\n    password_file: {self.folder}/password\n" if name == "good" else ""
            text += f"    subscriptions:\n      - topic: field/{name}/+\n        envelope: native\n"
        return text

    def client(self, name, certificate=None):
        client = mqtt.Client(client_id=f"field-{name}")
        own = {"certfile": self.folder / f"{certificate}.crt", "keyfile": self.folder / f"{certificate}.key"} if certificate else {}
        client.tls_set(ca_certs=self.folder / "ca.crt", **own)
        client.username_pw_set("gateway", "right")
        client.connect("127.0.0.1", self.ports[name])
        client.loop_start()
        self.addCleanup(lambda: (client.disconnect(), client.loop_stop()))
        wait_until("the field is connected", client.is_connected, 5)
        return client

    def up(self):
        return {name for name in self.links if self.metrics()[f'bowei_link_up{{kind="mqtt",link="{name}"}}'] == 1}

    def log(self):
        return (self.folder / "bowei.log").read_text()

    def cpu_s(self):
        fields = open(f"/proc/{self.gateway.child.pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def say(self, client, link, number, occupied):
        client.publish(f"field/{link}/dev-{number}", json.dumps({"device": f"dev-{number}", "occupied": occupied}), qos=1)

    def test_right_and_wrong_brokers(self):
        spaces = [(space_id(n), f"{42.2578 + n * 1e-4:.7f}", "118.8869") for n in (1, 2, 3)]
        ids = [s[0] for s in spaces]
        self.make_city(spaces, [("dev-1", "good", "native", 0, ids[0]), ("dev-2", "mutual", "native", 0, ids[1]),
                                ("dev-3", "wrongca", "native", 0, ids[2])])
        self.start_gateway(ready=False)
        wait_until("the gateway answers", lambda: self.gateway.child.poll() is None and self.port_open(), 10)
        wait_until("the right ones are up", lambda: self.up() == {"good", "mutual"}, 10)
        # messages over TLS, with a password and with a certificate, are shown; MQTT out tells them, over TLS too
        good, mutual = self.client("good"), self.client("mutual", "client")
        told = {}
        mutual.on_message = lambda _c, _u, m: told.__setitem__(m.topic, m.payload.decode())
        mutual.subscribe(f"bowei/{AREA}/#", 1)
        self.say(good, "good", 1, True)
        self.say(mutual, "mutual", 2, False)
        wait_until("they are shown", lambda: [self.space(i)["state"] for i in ids[:2]] == ["occupied", "free"], 10)
        wait_until("they are told", lambda: json.loads(told.get(f"bowei/{AREA}/spaces/{ids[0]}", "{}")).get("state") == "occupied", 10)
        self.assertEqual(told[f"bowei/{AREA}/status"], "online")
        # each of the others is refused by name
        for name, why in REFUSED.items():
            wait_until(f"the log says why {name} is refused", lambda n=name, w=why: any(
                re.search(f" {n}: no connection to .*({w})", line) for line in self.log().splitlines()), 10)
        self.assertIn("broker_down", self.get("/v1/city")[1]["degraded"])
        self.assertGreaterEqual(self.metrics()["bowei_mqtt_tls_failures_total"], len(REFUSED) - 2)
        self.assertEqual(self.metrics()["bowei_mqtt_out_tls_failures_total"], 0)
        # they back off, and none turns without a pause
        cpu_s, tries, began = self.cpu_s(), self.metrics()["bowei_mqtt_tls_failures_total"], time.monotonic()
        wait_until("the port that resets is tried again", lambda: len(self.resetting.accepted) >= 2, 10)
        time.sleep(max(0, 3 - (time.monotonic() - began)))
        self.assertLess(self.cpu_s() - cpu_s, 1.0)
        self.assertLessEqual(self.metrics()["bowei_mqtt_tls_failures_total"] - tries, 3 * len(REFUSED))
        self.assertEqual(self.up(), {"good", "mutual"})
        # the right certificates come: they heal by themselves, an edited link by a reload
        self.server_certificates(right=True)
        self.broker.stop()
        self.broker.start()
        self.nocert_certificate = "client"
        self.links = tuple(name for name in self.links if name not in ("plain", "reset", "foreigncert"))
        self.write_config()
        self.bowei("reload", "--config", self.folder / "bowei.yaml")
        wait_until("all are up", lambda: self.up() == set(self.links), 20)
        wait_until("nothing is degraded", lambda: "broker_down" not in self.get("/v1/city")[1]["degraded"], 5)
        self.say(self.client("wrongca"), "wrongca", 3, True)
        wait_until("the healed one is heard", lambda: self.space(ids[2])["state"] == "occupied", 10)
        # no secret is in the log
        for secret in ("right", (self.folder / "client.key").read_text().splitlines()[1]):
            self.assertNotIn(secret, self.log())

    def port_open(self):
        try:
            return self.get("/livez")[0] == 200
        except OSError:
            return False

    def test_files_that_are_no_good(self):
        self.links, self.tls_out = ("mutual",), True
        folder = self.folder
        locked = folder / "locked.key"
        subprocess.run(["openssl", "ec", "-in", folder / "client.key", "-aes128", "-passout", "pass:secret", "-out", locked], check=True,
                       capture_output=True)
        locked.chmod(0o600)
        texts = {name: (folder / name).read_bytes() for name in ("ca.crt", "client.crt", "client.key")}
        for name, content, why in (
                ("ca.crt", None, "No such file"), ("ca.crt", b"", "holds no certificate"), ("ca.crt", texts["client.key"], "holds no"),
                ("client.crt", None, "No such file"), ("client.crt", b"\0" * 9, "holds no certificate"),
                ("client.key", None, "No such file"), ("client.key", b"no key\n", "holds no key"),
                ("client.key", (folder / "stranger.key").read_bytes(), "does not belong to cert_file"),
                ("client.key", locked.read_bytes(), "is locked by a pass phrase"), ("client.key", 0o644, "others may read it")):
            path = folder / name
            if content is None:
                path.unlink()
            elif isinstance(content, int):
                path.chmod(content)
            else:
                path.write_bytes(content)
            done = self.bowei("check-config", self.write_config(), check=False)
            key = {"ca.crt": "ca_file", "client.crt": "cert_file", "client.key": "key_file"}[name]
            self.assertEqual(done.returncode, 3, (name, why))
            for item in ("links[0]", "mqtt_out"):
                self.assertIn(f"{item}.{key}: {path}: ", done.stderr)
            self.assertIn(why, done.stderr)
            path.write_bytes(texts[name])
            path.chmod(0o600)
        (folder / "ca.crt").unlink()
        served = subprocess.run([str(BOWEI), "serve", "--config", str(folder / "bowei.yaml")], capture_output=True, text=True, timeout=30)
        self.assertEqual(served.returncode, 78)
        self.assertIn("links[0].ca_file", served.stderr)


if __name__ == "__main__":
    unittest.main()
