"""Built-in TLS: old versions are refused, answers and streams do not wait corked, a renewed certificate is taken over by
SIGHUP for new connections while old ones go on, and wrong files are refused before anything is served."""
import http.client
import os
import signal
import socket
import ssl
import subprocess
import time
import unittest
import warnings

from testbed import Testbed, wait_until

LARGE = "/openapi.json"  # more than one TLS record


class Tls(Testbed):
    def certificate(self, name, folder=None):
        """A self-signed pair of files; returns the certificate as DER."""
        folder = folder or self.folder
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", folder / "tls.key", "-out", folder / "tls.crt"], check=True, capture_output=True)
        os.chmod(folder / "tls.key", 0o600)
        return ssl.PEM_cert_to_DER_cert((folder / "tls.crt").read_text())

    def setUp(self):
        super().setUp()
        self.first = self.certificate("first")
        self.http_options += f"  tls:\n    certificate_file: {self.folder}/tls.crt\n    key_file: {self.folder}/tls.key\n"

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def connection(self, context=None):
        return http.client.HTTPSConnection("127.0.0.1", self.http_port, timeout=10, context=context or self.context())

    def request(self, method, path, body=None, key=None, headers=None, timeout=10):
        connection = self.connection()
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def served(self):
        connection = self.connection()
        try:
            connection.connect()
            return connection.sock.getpeercert(binary_form=True)
        finally:
            connection.close()

    def test_answers_leave_at_once(self):
        self.start_gateway()
        connection = self.connection()
        began = time.monotonic()
        for i in range(40):
            connection.request("GET", LARGE if i % 2 else "/v1/city")
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.read())
        # an answer that stays corked leaves after 200 ms: forty of them would take 8 s
        self.assertLess(time.monotonic() - began, 4)
        connection.request("GET", "/v1/stream?snapshot=1")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.fp.readline())
        connection.close()

    def test_old_versions_and_plain_text_are_refused(self):
        self.start_gateway()
        for version, good in ((ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
                              (ssl.TLSVersion.TLSv1_3, True)):
            context = self.context()
            context.set_ciphers("ALL:@SECLEVEL=0")  # this side would speak the old ones
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
            connection = self.connection(context)
            if good:
                connection.request("GET", "https://127.0.0.1/livez")  # the absolute form is answered over TLS only
                self.assertEqual(connection.getresponse().status, 200, version)
            else:
                with self.assertRaises((ssl.SSLError, OSError), msg=str(version)):
                    connection.connect()
            connection.close()
        with socket.create_connection(("127.0.0.1", self.http_port), 5) as plain:
            plain.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            try:
                while piece := plain.recv(4096):
                    got += piece
            except ConnectionError:
                pass
            self.assertNotIn(b"HTTP/", got)
        self.assertEqual(self.get("/livez")[0], 200)

    def test_a_renewed_certificate_is_taken_over(self):
        self.start_gateway()
        kept = self.connection()
        kept.request("GET", "/livez")
        kept.getresponse().read()
        self.assertEqual(self.served(), self.first)
        second = self.certificate("second")
        self.assertEqual(self.served(), self.first)
        self.gateway.signal(signal.SIGHUP)
        wait_until("the new certificate is served", lambda: self.served() == second, 10)
        kept.request("GET", LARGE)
        self.assertEqual(len(kept.getresponse().read()), len(self.get(LARGE)[1]))
        self.assertEqual(kept.sock.getpeercert(binary_form=True), self.first)
        kept.close()
        # a key of another certificate: neither file is taken
        good_key = (self.folder / "tls.key").read_text()
        third = self.certificate("third")
        third_key = (self.folder / "tls.key").read_text()
        (self.folder / "tls.key").write_text(good_key)
        done = self.bowei("reload", "--config", self.folder / "bowei.yaml", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("does not belong", done.stdout + done.stderr)
        self.assertEqual(self.served(), second)
        (self.folder / "tls.key").write_text(third_key)
        self.bowei("reload", "--config", self.folder / "bowei.yaml")
        wait_until("the third certificate is served", lambda: self.served() == third, 10)
        # nothing secret is in the log
        key = self.key()
        self.assertEqual(self.request("GET", "/v1/devices", headers={"Authorization": "Bearer " + key})[0], 200)
        self.assertEqual(self.request("GET", "/v1/devices", headers={"Authorization": "Bearer " + key + "x"})[0], 401)
        log = (self.folder / "bowei.log").read_text()
        self.assertIn("new certificate", log)
        self.assertNotIn(key[12:], log)
        self.assertNotIn(third_key.splitlines()[1], log)

    def check_config(self):
        path = self.write_config()
        done = self.bowei("check-config", path, check=False)
        served = subprocess.run([str(a) for a in (self.binary(), "serve", "--config", path)],
                                capture_output=True, timeout=30)
        self.assertEqual(served.returncode, 78 if done.returncode else 0, served.stderr)
        return done.returncode, done.stdout + done.stderr

    @staticmethod
    def binary():
        from testbed import BOWEI
        return BOWEI

    def test_wrong_files_are_refused(self):
        key = self.folder / "tls.key"
        text = key.read_text()
        key.chmod(0o644)
        self.assertEqual(self.check_config()[0], 3)
        self.assertIn("http.tls.key_file", self.check_config()[1])
        self.assertIn("others may read it", self.check_config()[1])
        key.chmod(0o600)
        key.write_text("no key\n")
        self.assertEqual(self.check_config()[0], 3)
        key.write_text(text)
        certificate = self.folder / "tls.crt"
        certificate.write_text("")
        self.assertIn("http.tls.certificate_file", self.check_config()[1])
        certificate.unlink()
        self.assertIn("No such file", self.check_config()[1])
        self.http_options = f"  tls:\n    key_file: {key}\n"
        self.assertIn("or neither", self.check_config()[1])

    def test_beyond_loopback_needs_tls_or_a_word(self):
        with_tls, loopback = self.http_options, "host: 127.0.0.1"
        text = self.config_text

        for options, host, good in (("", "0.0.0.0", False), ("", "::", False), ("", "192.0.2.1", False), ("", "::1", True),
                                    (with_tls, "0.0.0.0", True), ("  plain_beyond_loopback: true\n", "0.0.0.0", True)):
            self.http_options = options
            self.config_text = lambda host=host: text().replace(loopback, f"host: \"{host}\"", 1)
            path = self.write_config()
            done = self.bowei("check-config", path, check=False)
            self.assertEqual(done.returncode, 0 if good else 3, (options, host, done.stderr))
            if not good:
                self.assertIn("plain_beyond_loopback", done.stdout + done.stderr)
                served = subprocess.run([str(self.binary()), "serve", "--config", str(path)], capture_output=True, timeout=30)
                self.assertEqual(served.returncode, 78)


if __name__ == "__main__":
    unittest.main()
