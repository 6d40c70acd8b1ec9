#!/usr/bin/python3
"""What `embctl plan` says is what a server takes.

EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import json
import os
import tempfile
import unittest

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
# Large enough for fixed costs of the store to be lost in 2 %.
SHAPES = [(300_000, 16, "float32"), (60_000, 100, "float32"),
          (100_000, 64, "float16"), (90_000, 33, "bfloat16"),
          (150_000, 64, "int8"), (120_000, 130, "int4"),
          (70_001, 7, "float32"), (9, 5_000, "float32"), (1, 1, "int8")]


class Plan(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-plan-")
        self.addCleanup(temp.cleanup)
        self.temp = temp.name
        self.server = ServerProcess(BIN, os.path.join(temp.name, "data"))
        self.addCleanup(self.server.kill)
        self.server.start()

    def status(self):
        return json.loads(self.server.embctl("--json", "status").stdout)

    def plan(self, *args):
        return json.loads(self.server.embctl("--json", "plan", *args).stdout)

    def create(self, name, rows, dim, dtype):
        # Sparse fills are quick; how many bytes there are does not depend on
        # what they are.
        self.server.embctl("table", "create", name, "--rows", str(rows),
                           "--dim", str(dim), "--dtype", dtype, "--init",
                           "zeros")

    def test_memory_is_what_the_server_counts(self):
        before = self.status()["memory_used_bytes"]
        for number, (rows, dim, dtype) in enumerate(SHAPES):
            with self.subTest(rows=rows, dim=dim, dtype=dtype):
                self.create(f"t{number}", rows, dim, dtype)
                used = self.status()["memory_used_bytes"]
                plan = self.plan("--rows", str(rows), "--dim", str(dim),
                                 "--dtype", dtype)
                self.assertEqual(used - before, plan["memory_bytes"])
                before = used

    def test_disk_is_what_the_directory_holds(self):
        before = self.status()["disk_used_bytes"]
        for number, (rows, dim, dtype) in enumerate(SHAPES[:6]):
            with self.subTest(rows=rows, dim=dim, dtype=dtype):
                self.create(f"t{number}", rows, dim, dtype)
                used = self.status()["disk_used_bytes"]
                planned = self.plan("--rows", str(rows), "--dim", str(dim),
                                    "--dtype", dtype)["version_bytes"]
                self.assertAlmostEqual(used - before, planned,
                                       delta=0.02 * planned)
                before = used

    def test_updates_and_swaps_stay_within_the_plan(self):
        rows, dim = 40_000, 16
        path = os.path.join(self.temp, "rows.npy")
        npy.write(path, "f", [rows, dim])
        self.server.embctl("table", "import", "t", path)
        plan = self.plan(path, "--update-rows", str(rows // 100))
        ids = ",".join(map(str, range(0, rows, 100)))
        some = os.path.join(self.temp, "some.npy")
        npy.write(some, "f", [rows // 100, dim])
        self.server.embctl("rows", "set", "t", "--ids", ids, "--from", some)
        used = self.status()["memory_used_bytes"]
        self.assertGreater(used, plan["memory_bytes"])
        # Every block is touched.
        self.assertLessEqual(used, plan["memory_bytes"] + plan["update_bytes"])
        for _ in range(3):
            self.server.embctl("table", "import", "t", path)
        status = self.status()
        self.assertLessEqual(status["disk_used_bytes"], plan["data_dir_bytes"])
        self.assertLess(status["memory_used_bytes"],
                        plan["memory_limit_bytes"])


if __name__ == "__main__":
    unittest.main()
