"""The rows `near` and `cached`: requests a second, beside nginx and the others."""
import random
import shutil
import statistics
import tempfile
import urllib.request
from pathlib import Path

from measure import alternate, figures, lua, ratio, wrk
from rivals import Constant, Nginx, Webdis

FIELDS = "&fields=id,location,distance_m"


def near_path(centre, more=""):
    return f"/v1/spaces/near?lat={centre[0]:.6f}&lon={centre[1]:.6f}&radius=300&limit=20{more}"


def answer_bytes(city, more=""):
    """Mean size of a near answer's body."""
    return round(statistics.mean(len(urllib.request.urlopen(f"http://127.0.0.1:{city.http_port}{near_path(c, more)}").read())
                                 for c in city.centres[:64]))


def bench_near(city, rounds, extra):
    """Near against nginx with 1 KB, which is the bar; with files as long as the answers; and against libmicrohttpd alone with
    ready answers of these lengths: what is left to the search, the JSON and the rest of the API."""
    full, some = answer_bytes(city), answer_bytes(city, FIELDS)
    nginx, webdis = Nginx(extra, [1024, full, some]), Webdis(extra, city.redis_socket)
    floors = {size: Constant(size) for size in (1024, full)}
    near = lua(extra, "near", [near_path(c) for c in city.centres])
    few = lua(extra, "few", [near_path(c, FIELDS) for c in city.centres])
    geo = lua(extra, "geo", [f"/GEOSEARCH/bowei:%7B150402%7D:free/FROMLONLAT/{o:.6f}/{a:.6f}/BYRADIUS/300/m/ASC/COUNT/20/WITHDIST"
                             for a, o in city.centres])
    bowei = [city.gateway.child.pid]
    things = {"nginx": lambda: wrk(nginx.ports[1024], near, pids=nginx.workers()),
              "nginx tcp_nopush": lambda: wrk(nginx.pushed_port, near, pids=nginx.workers()),
              "near": lambda: wrk(city.http_port, near, pids=bowei),
              "near fields=": lambda: wrk(city.http_port, few, pids=bowei),
              "nginx, as long": lambda: wrk(nginx.ports[full], near, pids=nginx.workers()),
              "nginx, as long as fields=": lambda: wrk(nginx.ports[some], near, pids=nginx.workers()),
              "libmicrohttpd, 1 KB": lambda: wrk(floors[1024].port, near, pids=[floors[1024].child.pid]),
              "libmicrohttpd, as long": lambda: wrk(floors[full].port, near, pids=[floors[full].child.pid]),
              "webdis": lambda: wrk(webdis.port, geo, pids=[webdis.child.pid, city.redis_process.child.pid])}
    try:
        v = alternate(rounds, things)
    finally:
        for thing in (nginx, webdis, *floors.values()):
            thing.stop()
    out = figures(v, "nginx", [k for k in things if k not in ("nginx", "webdis")])
    rates = {k: [x[0] for x in row] for k, row in v.items()}
    out.update({"near vs webdis": ratio(rates, "near", "webdis"), "near fields= vs webdis": ratio(rates, "near fields=", "webdis"),
                "near vs nginx tcp_nopush": ratio(rates, "near", "nginx tcp_nopush"),
                "near vs nginx as long": ratio(rates, "near", "nginx, as long"),
                "fields= vs nginx as long": ratio(rates, "near fields=", "nginx, as long as fields="),
                "near bytes": full, "near bytes with fields=": some})
    return out


def bench_cached(city, rounds, extra):
    nginx = Nginx(extra, [1024])
    lot = lua(extra, "lot", [f"/v1/lots/{i}" for i in city.lots[:64]])
    page = lua(extra, "page", ["/v1/lots?limit=3"])
    space = lua(extra, "space", [f"/v1/spaces/{i}" for i in random.Random(1).sample(city.ids, min(4096, city.n))])
    bowei = [city.gateway.child.pid]
    try:
        v = alternate(rounds, {"nginx": lambda: wrk(nginx.ports[1024], lot, pids=nginx.workers()),
                               "nginx tcp_nopush": lambda: wrk(nginx.pushed_port, lot, pids=nginx.workers()),
                               "lot": lambda: wrk(city.http_port, lot, pids=bowei),
                               "page": lambda: wrk(city.http_port, page, pids=bowei),
                               "space": lambda: wrk(city.http_port, space, pids=bowei)})
    finally:
        nginx.stop()
    pushed = figures(v, "nginx tcp_nopush", ("lot", "page", "space"))
    return figures(v, "nginx", ("lot", "page", "space")) | {k: x for k, x in pushed.items() if k.endswith("vs nginx tcp_nopush")}


def bench_http(city, rounds, rows):
    out = {}
    for name, bench in (("near", bench_near), ("cached", bench_cached)):
        if name in rows:
            extra = Path(tempfile.mkdtemp(prefix="bowei-bench-"))
            try:
                out[name] = bench(city, rounds, extra)
            finally:
                shutil.rmtree(extra, ignore_errors=True)
    return out
