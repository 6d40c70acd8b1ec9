#!/usr/bin/python3
"""Backups of a server that is being written to, restored into another.

EMB_BIN_DIR names the directory of embedding-server and embctl.
EMB_TEST_SEED  repeats the random choices of a run.
EMB_BACKUPS    how many backups are made beside writes, 3 or more.
"""
import itertools
import json
import os
import pathlib
import random
import shutil
import tempfile
import threading
import unittest

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
SEED = int(os.environ.get("EMB_TEST_SEED", random.randrange(2**32)))
BACKUPS = int(os.environ.get("EMB_BACKUPS", "5"))
KEPT = 3
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

    def write_by_turns(self, stop):
        """Sets rows of a, then of b, to 1, 2, 3 ...: to what the revision of
        each is then."""
        for number in itertools.count(1):
            npy.write(self.temp / "rows.npy", "f", [2, 8], [number] * 16)
            for name in ("a", "b"):
                if stop.is_set():
                    return
                self.assertEqual(self.set_rows(name, 1, 2).returncode, 0)

    def check_moment(self, backup):
        """In a backup the revisions of a and b are equal or differ by one, and
        rows are what they were then."""
        other = self.start("other")
        other.embctl("restore", "busy", "--id", str(backup))
        tables = self.tables(other)
        self.assertIn(tables["a"][1] - tables["b"][1], (0, 1))
        for name, (_, revision, _) in tables.items():
            found = json.loads(other.embctl("--json", "lookup", name, "1",
                                            "2").stdout)
            self.assertEqual(found["values"], [[revision] * 8] * 2)
        other.embctl("verify")
        other.kill()
        shutil.rmtree(self.temp / "other")
        return tables["a"][1]

    def test_is_one_moment_under_writes(self):
        for name in ("a", "b"):
            self.server.embctl("table", "create", name, "--rows", "2000",
                               "--dim", "8", "--init", "zeros")
        stop = threading.Event()
        writer = threading.Thread(target=self.write_by_turns, args=(stop,))
        writer.start()
        moments = []
        try:
            for backup in range(1, BACKUPS + 1):
                self.server.embctl("backup", "busy", "--keep", str(KEPT))
                moments.append(self.check_moment(backup))
        finally:
            stop.set()
            writer.join()
        print(f"{BACKUPS} backups beside {moments[-1]} updates of each table, "
              "0 mixed")
        # It was written to meanwhile, or nothing was shown.
        self.assertGreater(moments[-1], moments[0])
        listed = json.loads(
            self.server.embctl("--json", "backup", "busy", "--list").stdout)
        self.assertEqual([backup["id"] for backup in listed],
                         list(range(BACKUPS - KEPT + 1, BACKUPS + 1)))

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
