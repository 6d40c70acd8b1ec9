#!/usr/bin/python3
"""Backups of a server that is being written to, restored into another.

EMB_BIN_DIR names the directory of embedding-server and embctl.
EMB_TEST_SEED  repeats the random choices of a run.
"""
import json
import os
import pathlib
import random
import tempfile
import threading
import unittest

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
SEED = int(os.environ.get("EMB_TEST_SEED", random.randrange(2**32)))
EXIT_INVALID, EXIT_NOT_FOUND, EXIT_PRECONDITION = 3, 4, 6
EXIT_DATA_LOSS = 10


class Backup(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-backup-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.backups = self.temp / "backups"
        self.server = self.start("data")
        npy.write(self.temp / "rows.npy", "f", [2, 8], range(16))

    def start(self, data, *flags):
        server = ServerProcess(BIN, self.temp / data,
                               [f"--backup_dir={self.backups}", *flags])
        self.addCleanup(server.kill)
        return server.start()

    def create(self, name, rows=2_000):
        self.server.embctl("table", "create", name, "--rows", str(rows),
                           "--dim", "8")

    def set_rows(self, name, *ids):
        return self.server.embctl("rows", "set", name, "--ids",
                                  ",".join(map(str, ids)), "--from",
                                  str(self.temp / "rows.npy"), check=False)

    @staticmethod
    def tables(server):
        listed = json.loads(server.embctl("--json", "table", "list").stdout)
        return {table["name"]: (table["version"], table["revision"],
                                table["digest"]) for table in listed}

    @staticmethod
    def status(server, *args):
        return server.embctl(*args, check=False).returncode

    def test_restores_what_there_was(self):
        self.create("item")
        self.create("user", 300_000)
        self.assertEqual(self.set_rows("item", 3, 5).returncode, 0)
        want = self.tables(self.server)
        made = json.loads(
            self.server.embctl("--json", "backup", "nightly").stdout)
        self.assertEqual((made["id"], made["tables"]), (1, 2))
        self.create("later")
        self.server.embctl("backup", "nightly")
        other = self.start("other")
        # A server that has had a table takes none.
        self.assertEqual(self.status(self.server, "restore", "nightly"),
                         EXIT_PRECONDITION)
        other.embctl("restore", "nightly", "--id", "1")
        self.assertEqual(self.tables(other), want)
        other.kill()
        other.start()
        self.assertEqual(self.tables(other), want)
        other.embctl("verify")

    def test_is_one_moment_under_writes(self):
        """Both tables are set by turns: in a backup their revisions are equal
        or differ by one."""
        for name in ("a", "b"):
            self.create(name)
        stop = threading.Event()

        def write():
            while not stop.is_set():
                for name in ("a", "b"):
                    self.assertEqual(self.set_rows(name, 1, 2).returncode, 0)
        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(5):
            self.server.embctl("backup", "busy", "--keep", "3")
        stop.set()
        writer.join()
        listed = json.loads(
            self.server.embctl("--json", "backup", "busy", "--list").stdout)
        self.assertEqual([backup["id"] for backup in listed], [3, 4, 5])
        for backup in listed:
            other = self.start(f"other{backup['id']}")
            other.embctl("restore", "busy", "--id", str(backup["id"]))
            tables = self.tables(other)
            self.assertIn(tables["a"][1] - tables["b"][1], (0, 1))
            other.embctl("verify")
            other.kill()

    def flip(self, pattern):
        """Changes one bit of one of the larger files."""
        chance = random.Random(SEED)
        paths = [path for path in self.temp.glob(pattern)
                 if path.stat().st_size > 100_000]
        path = chance.choice(sorted(paths))
        content = bytearray(path.read_bytes())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.chmod(0o600)
        path.write_bytes(content)
        return path

    def test_damage_makes_it_fail(self):
        print(f"EMB_TEST_SEED={SEED}")
        self.create("item", 100_000)
        self.server.embctl("backup", "good")
        self.server.embctl("verify")
        # Of a backup.
        good = self.flip("backups/good/shared_checksum/*.sst")
        other = self.start("other")
        done = other.embctl("restore", "good", check=False)
        self.assertEqual(done.returncode, EXIT_DATA_LOSS, f"{good} {done}")
        self.assertEqual(self.tables(other), {})
        # Of the source.
        self.flip("data/rocksdb/*.sst")
        done = self.server.embctl("verify", check=False)
        self.assertEqual(done.returncode, EXIT_DATA_LOSS, done)
        done = self.server.embctl("backup", "bad", check=False)
        self.assertEqual(done.returncode, EXIT_DATA_LOSS, done)

    def test_refuses_what_it_cannot_do(self):
        for name in ("..", "a/b", ""):
            self.assertEqual(self.status(self.server, "backup", name),
                             EXIT_INVALID, name)
        self.assertEqual(self.status(self.server, "restore", "none"),
                         EXIT_NOT_FOUND)
        self.assertEqual(self.status(self.server, "backup", "x", "--list"),
                         EXIT_NOT_FOUND)
        without = ServerProcess(BIN, self.temp / "without")
        self.addCleanup(without.kill)
        without.start()
        self.assertEqual(self.status(without, "backup", "x"),
                         EXIT_PRECONDITION)


if __name__ == "__main__":
    unittest.main()
