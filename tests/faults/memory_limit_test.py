#!/usr/bin/python3
"""A server in a memory cgroup refuses what does not fit, before it has taken
memory for it, and is never killed for it. Told to ignore the limit, it is.

Wants root and a memory controller of cgroups, version 1 or 2; skipped without.
EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))
import npy  # noqa: E402
from cgroup import LimitedServer, MemoryCgroup, is_there  # noqa: E402
from rows_oracle import EXIT_RESOURCE_EXHAUSTED  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
MIB = 2**20
LIMIT = 256 * MIB
DIM = 64
# 80 % of the limit is for tables: 204 MiB.
FITS, TOO_LARGE = (size * MIB // (4 * DIM) for size in (150, 300))


class MemoryLimit(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-limit-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.cgroup = MemoryCgroup(LIMIT)
        self.addCleanup(self.cgroup.remove)

    def serve(self, *flags):
        server = LimitedServer(self.cgroup, BIN, self.temp / "data", flags)
        self.addCleanup(server.kill)
        return server.start()

    @staticmethod
    def create(name, rows):
        return ["table", "create", name, "--rows", str(rows), "--dim", str(DIM)]

    def test_too_much_is_refused_beforehand(self):
        server = self.serve()
        server.embctl(*self.create("fits", FITS))
        rows = self.temp / "rows.npy"
        npy.write(rows, "f", [TOO_LARGE, DIM])
        for command in (self.create("large", TOO_LARGE),
                        ["table", "import", "large", str(rows)],
                        ["table", "import", "fits", str(rows)]):
            done, grown = server.growth(*command)
            self.assertEqual(done.returncode, EXIT_RESOURCE_EXHAUSTED,
                             done.stderr)
            self.assertIn("memory", done.stderr)
            self.assertLess(grown, 16 * MIB, command)
        want = server.embctl("lookup", "fits", "0", str(FITS - 1)).stdout
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assertEqual(
            server.embctl("lookup", "fits", "0", str(FITS - 1)).stdout, want)
        self.assertEqual(self.cgroup.kills(), 0)
        print(f"{LIMIT // MIB} MiB: 150 MiB served, 300 MiB refused three "
              "times, 0 kills")

    def test_control_whoever_ignores_the_limit_is_killed(self):
        server = self.serve("--memory_limit=10GiB")
        done = server.embctl(*self.create("large", TOO_LARGE), check=False)
        self.assertNotEqual(done.returncode, 0)
        server.wait()
        self.assertGreater(self.cgroup.kills(), 0)


if __name__ == "__main__":
    if not is_there(lambda: MemoryCgroup(LIMIT)):
        sys.exit(77)
    unittest.main()
