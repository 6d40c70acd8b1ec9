#!/usr/bin/python3
"""What it takes that a version takes the place of another: memory and time.

EMB_BIN_DIR names the directory of embedding-server and embctl;
EMB_SWAP_SECONDS is how long lookups are asked for beside the swaps. How much
longer they take is told, not judged: on two CPUs, which embctl, the load and
the server share, most of it is not the server's (docs/performance.md).
"""
import os
import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))
import npy  # noqa: E402
from server_process import TIMEOUT_SECONDS, ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
SECONDS = int(os.environ.get("EMB_SWAP_SECONDS", "1"))
ROWS, DIM = 400_000, 64
MIB = 2**20
TABLE_BYTES = ROWS * DIM * 4
# Beyond the versions themselves.
MEMORY_MAX = 64 * MIB


class Swap(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-swap-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.rows = self.temp / "rows.npy"
        npy.write_repeated(self.rows, range(DIM), ROWS)

    def serve(self, policy):
        # Lookups wait where the machine itself stops for a while.
        server = ServerProcess(
            BIN, self.temp / "data",
            [f"--swap_policy={policy}", "--queue_timeout=10s"])
        self.addCleanup(server.kill)
        server.start()
        server.embctl("table", "import", "item", str(self.rows))
        return server

    def growth(self, server, *command):
        done, grown = server.growth(*command)
        self.assertEqual(done.returncode, 0, done.stderr)
        return grown

    def growths(self, policy):
        """Of an import that is published, and of the way back."""
        server = self.serve(policy)
        one = server.memory("VmRSS")
        imported = self.growth(server, "table", "import", "item",
                               str(self.rows))
        # The old rows are freed when nobody reads them any more.
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while server.memory("VmRSS") > one + TABLE_BYTES // 2:
            self.assertLess(time.monotonic(), deadline)
        found = imported, self.growth(server, "table", "rollback", "item")
        print(f"{policy}: {TABLE_BYTES / MIB:.0f} MiB of rows; import +"
              f"{found[0] / MIB:.0f} MiB, rollback +{found[1] / MIB:.0f} MiB")
        return found

    def test_load_first_takes_both_versions(self):
        for growth in self.growths("load-first"):
            self.assertLessEqual(growth, TABLE_BYTES + MEMORY_MAX)
            # The control of the other policy: this is what a version takes.
            self.assertGreater(growth, TABLE_BYTES * 0.9)

    def test_unload_first_takes_one(self):
        for growth in self.growths("unload-first"):
            self.assertLessEqual(growth, MEMORY_MAX)

    def lookups(self, server, meanwhile=None):
        """The p99 in ms of lookups of a fixed rate; all are answered."""
        bench = server.start_bench(
            "item", "--ids", 256, "--rate", 500, "--warmup", "500ms",
            "--duration", f"{SECONDS}s")
        times = 0
        while meanwhile and bench.poll() is None:
            meanwhile()
            times += 1
        result = server.finish_bench(bench, SECONDS)
        self.assertEqual(result["failed"], 0, result)
        self.assertGreater(result["answered"], 0)
        return result["latency_us"]["p99"] / 1000, times

    def test_lookups_go_on(self):
        server = self.serve("load-first")
        alone, _ = self.lookups(server)
        beside, swaps = self.lookups(server, lambda: server.embctl(
            "table", "import", "item", str(self.rows)))
        print(f"p99 of lookups {alone:.2f} ms, {beside:.2f} ms beside {swaps} "
              f"swaps ({beside / alone:.2f}x), 0 failed")
        self.assertGreater(swaps, 0)


if __name__ == "__main__":
    unittest.main()
