#!/usr/bin/python3
"""A server that works for long beside everything that changes tables neither
grows nor fails a lookup.

EMB_BIN_DIR names the directory of embedding-server and embctl.
EMB_SOAK_SECONDS  how long. From ten minutes on the load is 70 % of what the
server can do, and memory is held against its limit: in less it tells nothing.
"""
import os
import pathlib
import statistics
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))
import npy  # noqa: E402
from server_process import ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
SECONDS = int(os.environ.get("EMB_SOAK_SECONDS", "5"))
IS_LONG = SECONDS >= 600
LOAD = 0.7 if IS_LONG else 0.2
ROWS, DIM = 100_000, 64
SLOPE_MAX = 0.01  # Of its memory, an hour.
# Descriptors that come and go: connections of embctl and scrapes, files of
# the store that are being written.
DESCRIPTORS_MAX = 20


class Soak(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-soak-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        npy.write_repeated(self.temp / "table.npy", range(DIM), ROWS)
        npy.write(self.temp / "rows.npy", "f", [2, DIM], [1.0] * 2 * DIM)
        # Lookups wait where the machine itself stops for a while.
        self.server = ServerProcess(
            BIN, self.temp / "data",
            [f"--backup_dir={self.temp / 'backups'}", "--queue_timeout=10s"])
        self.addCleanup(self.server.kill)
        self.server.start()
        self.samples = []  # Seconds, bytes of memory, descriptors.

    def bench(self, seconds, *args):
        return self.server.start_bench(
            "item", "--ids", 256, "--connections", 4, "--duration",
            f"{seconds}s", *args)

    def change(self):
        """One of each: a new version, rows of it, a backup of both."""
        self.server.embctl("table", "import", "item",
                           str(self.temp / "table.npy"))
        self.server.embctl("rows", "set", "item", "--ids", "1,2", "--from",
                           str(self.temp / "rows.npy"))
        self.server.embctl("backup", "soak", "--keep", "2")

    def sample(self):
        metrics = self.server.metrics()
        self.samples.append((time.monotonic(),
                             metrics["process_resident_memory_bytes"],
                             int(metrics["process_open_fds"])))

    def check_memory(self):
        """What it took at first is warm-up."""
        times, memory, _ = zip(*self.samples[len(self.samples) // 4:])
        slope = statistics.linear_regression(times, memory).slope
        share = slope * 3600 / statistics.mean(memory)
        print(f"memory {min(memory) / 2**20:.0f} to {max(memory) / 2**20:.0f} "
              f"MiB, {share:+.2%} an hour")
        if IS_LONG:
            self.assertLess(share, SLOPE_MAX)

    def test_neither_grows_nor_fails(self):
        self.change()
        peak = self.server.finish_bench(self.bench(1, "--depth", 2), 1)
        rate = int(LOAD * peak["answered"] / peak["seconds"])
        bench = self.bench(SECONDS, "--rate", rate)
        rounds = 0
        while bench.poll() is None:
            self.change()
            self.sample()
            rounds += 1
        report = self.server.finish_bench(bench, SECONDS)
        print(f"{SECONDS} s at {LOAD:.0%} of the peak: {report['answered']} "
              f"lookups, {report['failed']} failed, p99 "
              f"{report['latency_us']['p99'] / 1000:.1f} ms, beside {rounds} "
              "imports, updates and backups")
        self.assertEqual(report["failed"], 0, report)
        self.assertGreater(rounds, 0)
        if rounds >= 4:
            self.check_memory()
        descriptors = [sample[2] for sample in self.samples]
        print(f"descriptors {min(descriptors)} to {max(descriptors)}")
        self.assertLess(max(descriptors) - min(descriptors), DESCRIPTORS_MAX)


if __name__ == "__main__":
    unittest.main()
