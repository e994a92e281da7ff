#!/usr/bin/python3
"""The bench: rows of the performance table, each a ratio of two things measured in turn on this machine.

    tests/bench/run.sh [--sizes 1000,10000,100000,1000000] [--rows near,cached,...] [--rounds 3]

Prints one Markdown table a row group and leaves all figures in build/bench/results.json. The rows are in rows_*.py, the cities in
city.py, what they are measured against in rivals.py.
"""
import argparse
import json

from city import TOP, City
from report import print_growth, print_rows
from rows_http import bench_http
from rows_ingest import bench_ingest, bench_latency
from rows_keep import bench_fleet, bench_memory, bench_restart, bench_writer
from rows_modbus import bench_modbus

BIKES_MOST = 200000  # `bikes.max` as shipped


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", default="1000,10000,100000,1000000")
    p.add_argument("--rows", default="near,cached,ingest,latency,memory,restart,fleet,writer,modbus")
    p.add_argument("--rounds", type=int, default=3)
    a = p.parse_args()
    rows, results = a.rows.split(","), {}
    if "writer" in rows:
        results["writer"] = bench_writer(a.rounds)
        print_rows("Redis writer", results["writer"])
    if "modbus" in rows:
        results["modbus"] = bench_modbus(a.rounds)
        print_rows("Modbus", results["modbus"])
    sizes = [int(s) for s in a.sizes.split(",") if s]
    if "fleet" in rows:
        for n in (n for n in sizes if n <= BIKES_MOST):
            results[f"fleet {n}"] = bench_fleet(n, a.rounds)
            print_rows(f"fleet, {n:,} spaces and bikes", results[f"fleet {n}"])
    for n in sizes:
        if not set(rows) & {"near", "cached", "ingest", "latency", "memory", "restart"}:
            break
        city = City()
        try:
            city.build(n)
            r = bench_http(city, a.rounds, rows)
            if "latency" in rows:
                r["latency"] = bench_latency(city)
            if "memory" in rows:
                r["memory"] = bench_memory(city)
            if "restart" in rows:
                r["restart"] = bench_restart(city, a.rounds)
            if "ingest" in rows:
                r["ingest"] = bench_ingest(city, a.rounds)
            results[str(n)] = r
            for k, v in r.items():
                print_rows(f"{k}, {n:,} spaces", v)
        finally:
            city.finish()
    if len(sizes) > 1 and str(sizes[0]) in results:
        print_growth(results, sizes)
    out = TOP / "build" / "bench" / "results.json"
    out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
