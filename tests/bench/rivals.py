"""What Bowei is measured against over HTTP: nginx, webdis, and libmicrohttpd with a ready answer."""
import json
import os
import socket
import subprocess
from pathlib import Path

from city import BENCH
from testbed import free_port, wait_until


def port_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Nginx:
    """One worker, a static file of each size on a port of its own. `sendfile on`, `open_file_cache`, no access log, all else as
    nginx comes: the server against which the bars were set. `pushed_port` has the smallest file with `tcp_nopush on` too: head and
    file then leave in one segment, so that the generator is woken once an answer instead of twice."""

    def __init__(self, folder, sizes):
        os.chmod(folder, 0o755)
        self.ports, servers = {}, ""
        for size in sizes:
            (folder / f"www{size}").mkdir()
            (folder / f"www{size}" / "index.html").write_text("x" * size)
            self.ports[size] = free_port()
            servers += self.server(folder, self.ports[size], size)
        self.pushed_port = free_port()
        servers += self.server(folder, self.pushed_port, min(sizes), " tcp_nopush on;")
        conf = folder / "nginx.conf"
        conf.write_text(f"worker_processes 1;\ndaemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\nuser root;\n"
                        "events { worker_connections 1024; }\nhttp {\n access_log off; sendfile on; open_file_cache max=100;\n"
                        f" keepalive_requests 100000000;\n client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n"
                        f" uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{servers}}}\n")
        self.child = subprocess.Popen(["nginx", "-c", conf, "-p", folder])
        wait_until("nginx", lambda: port_open(self.ports[sizes[0]]) and self.workers(), 10)

    @staticmethod
    def server(folder, port, size, more=""):
        return f" server {{ listen 127.0.0.1:{port};{more} location / {{ root {folder}/www{size}; try_files /index.html =404; }} }}\n"

    def workers(self):
        """The worker's process id; the master's CPU is nothing."""
        return [int(pid) for pid in Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()]

    def stop(self):
        self.child.terminate()
        self.child.wait()


class Constant:
    """libmicrohttpd alone with a ready answer of that size."""

    def __init__(self, size):
        self.child = subprocess.Popen([BENCH / "mhd_constant", str(size)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline())

    def stop(self):
        self.child.kill()
        self.child.wait()


class Webdis:
    def __init__(self, folder, redis_socket):
        self.port = free_port()
        conf = folder / "webdis.json"
        conf.write_text(json.dumps({"redis_host": str(redis_socket), "redis_port": 0, "http_host": "127.0.0.1", "http_port": self.port,
                                    "threads": 2, "pool_size": 20, "daemonize": False, "websockets": False, "verbosity": 0,
                                    "logfile": str(folder / "webdis.log")}))
        self.child = subprocess.Popen(["webdis", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("webdis", lambda: port_open(self.port), 10)

    def stop(self):
        self.child.terminate()
        self.child.wait()
