#!/usr/bin/python3
"""Several tables of one file or manifest through embctl table import-all: all of
them become current in one step, or none does.

EMB_BIN_DIR names the directory of embedding-server and embctl,
EMB_FORMATS_DIR that of files of every format.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

import npy
from cutting_proxy import CuttingProxy
from server_process import TIMEOUT_SECONDS, ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
FILES = pathlib.Path(os.environ["EMB_FORMATS_DIR"])
EXIT_INVALID, EXIT_PRECONDITION = 3, 6


class ImportAll(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-import-all-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.server = ServerProcess(BIN, self.temp / "data")
        self.addCleanup(self.server.kill)
        self.server.start()

    def embctl(self, *args, check=True):
        return self.server.embctl(*map(str, args), check=check)

    def import_all(self, *args, check=True):
        return self.embctl("table", "import-all", *args, check=check)

    def tables(self):
        """{name: current version}"""
        listed = json.loads(self.embctl("table", "list", "--json").stdout)
        return {table["name"]: table["version"] for table in listed}

    def epoch(self):
        return json.loads(self.embctl("status", "--json").stdout)["epoch"]

    def manifest(self, *tables):
        path = self.temp / "tables.json"
        path.write_text(json.dumps({"tables": tables}))
        return path

    def rows(self, name, num_rows, dim, value):
        npy.write(self.temp / name, "f", [num_rows, dim],
                  [value] * (num_rows * dim))
        return name

    def sha256(self, table):
        self.embctl("table", "export", table, self.temp / "rows.npy", "--force")
        _, rows = npy.read_bytes(self.temp / "rows.npy")
        return hashlib.sha256(rows).hexdigest()

    def test_every_tensor_becomes_a_table(self):
        want = json.loads((FILES / "expect.json").read_text())[
            "genre_multi.safetensors"]["tensors"]
        out = self.import_all(FILES / "genre_multi.safetensors", "--prefix",
                              "genre.").stdout
        self.assertIn("skipped bias [", out)
        del want["bias"]
        self.assertEqual(set(self.tables()), {f"genre.{t}" for t in want})
        for tensor, digest in want.items():
            self.assertEqual(self.sha256(f"genre.{tensor}"), digest)
        self.import_all(FILES / "genre.npz", "--prefix", "npz.")
        self.import_all(FILES / "genre_state_dict.pt", "--prefix", "pt.")
        self.assertEqual(self.sha256("npz.table"), self.sha256("pt.weight"))
        done = self.import_all(FILES / "genre_legacy_tensor.pt", check=False)
        self.assertEqual(done.returncode, EXIT_INVALID)

    def test_a_manifest_is_published_in_one_step(self):
        for value in (1, 2):
            manifest = self.manifest(
                {"name": "item", "file": self.rows("i.npy", 3, 2, value),
                 "padding_idx": 0},
                {"name": "user", "file": self.rows("u.npy", 2, 4, value),
                 "dtype": "float16"})
            before = self.epoch()
            self.import_all(manifest)
            # Two imports and one step for both.
            self.assertEqual(self.epoch(), before + 3)
            self.assertEqual(self.tables(), {"item": value, "user": value})
        described = json.loads(
            self.embctl("table", "describe", "item", "--json").stdout)
        self.assertEqual(described["padding_idx"], 0)

    def test_nothing_changes_where_one_table_cannot_be_made(self):
        self.import_all(self.manifest(
            {"name": "item", "file": self.rows("i.npy", 3, 2, 1)},
            {"name": "user", "file": self.rows("u.npy", 2, 4, 1)}))
        # The server refuses another dim.
        done = self.import_all(self.manifest(
            {"name": "new", "file": self.rows("n.npy", 1, 1, 1)},
            {"name": "item", "file": self.rows("i.npy", 3, 2, 2)},
            {"name": "user", "file": self.rows("u.npy", 2, 5, 2)}), check=False)
        self.assertEqual(done.returncode, EXIT_PRECONDITION, done)
        self.assertIn("nothing was published, kept: item@2", done.stderr)
        self.assertEqual(self.tables(), {"item": 1, "user": 1})

    def test_a_client_that_dies_publishes_nothing(self):
        def jobs(value):
            return self.manifest(
                {"name": "item", "file": self.rows("i.npy", 3, 2, value)},
                {"name": "user", "file": self.rows("u.npy", 20_000, 64, value)})

        self.import_all(jobs(1))
        before = self.sha256("item"), self.sha256("user")
        died = threading.Event()
        proxy = CuttingProxy(self.server.admin_address, [])
        self.addCleanup(proxy.close)

        def kill():
            importer.kill()
            died.set()

        # Of 5 MB: the first table is there, the second is not.
        manifest = jobs(2)
        proxy.pause = (2_000_000, kill)
        importer = subprocess.Popen(
            [os.path.join(BIN, "embctl"), "--server",
             self.server.data_address, "--admin", proxy.address, "table",
             "import-all", str(manifest)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertTrue(died.wait(TIMEOUT_SECONDS))
        importer.wait()
        self.server.wait_for("import_failed")
        self.assertEqual(self.tables(), {"item": 1, "user": 1})
        self.assertEqual((self.sha256("item"), self.sha256("user")), before)
        # Nothing is in the way of the next one.
        self.import_all(manifest)
        self.assertEqual(self.tables(), {"item": 3, "user": 2})
        self.assertNotEqual(self.sha256("user"), before[1])


if __name__ == "__main__":
    unittest.main()
