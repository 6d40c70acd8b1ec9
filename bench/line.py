#!/usr/bin/env python3
"""Prints what `embctl bench --json` gave, from the standard input, as a line.

  bench/line.py NAME [--histogram]

--histogram adds a line: the share of lookups that took less than so many
milliseconds, and half of that or more.
"""
import json
import sys

run = json.load(sys.stdin)
latency = run["latency_us"]
if latency is None:
    sys.exit(f"{sys.argv[1]}: nothing was answered, {run['errors']}")
percentiles = " ".join(
    f"{name} {latency[name] / 1e3:.3g}"
    for name in ("p50", "p90", "p99", "p99.9", "max"))
notes = f", {run['failed']} failed" if run["failed"] else ""
if not run.get("rate", {"kept": True})["kept"]:
    notes += ", rate NOT kept"
print(f"{sys.argv[1]:36} {run['rows_per_second'] / 1e6:6.2f} M rows/s, "
      f"ms: {percentiles}, client CPU "
      f"{run['client_cpu_seconds_per_million_rows']:.3f} s/M{notes}")
if "--histogram" in sys.argv:
    print("   ", "  ".join(
        f"<{octave['below'] / 1e3:.2g}: "
        f"{100 * octave['count'] / run['answered']:.2f} %"
        for octave in run["latency_histogram_us"]))
