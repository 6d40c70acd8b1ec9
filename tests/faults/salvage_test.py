#!/usr/bin/python3
"""A log that is damaged in its middle: the server says so and does not start;
--salvage copies what lies before, and says what is lost.

EMB_BIN_DIR names the directory of embedding-server and embctl.
EMB_TEST_SEED repeats the random choices of a run.
"""
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from rows_oracle import RowsOracle  # noqa: E402
from server_process import TIMEOUT_SECONDS, ServerProcess  # noqa: E402

BIN = pathlib.Path(os.environ["EMB_BIN_DIR"])
SEED = int(os.environ.get("EMB_TEST_SEED", random.randrange(2**32)))
UPDATES = 20


class Salvage(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-salvage-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.data = self.temp / "data"
        server = ServerProcess(BIN, self.data)
        self.addCleanup(server.kill)
        server.start()
        self.table = RowsOracle(self.temp, "t", 100)
        self.table.create(server)
        for value in range(1, UPDATES + 1):
            self.assertEqual(self.table.set(server, value).returncode, 0)
        server.kill()

    def content(self):
        return {path: hashlib.sha256(path.read_bytes()).digest()
                for path in self.data.rglob("*") if path.is_file()
                and path.name != "LOCK"}

    def damage_log(self):
        """One byte of a row, in the middle of the log."""
        log = max(self.data.glob("rocksdb/*.log"),
                  key=lambda path: path.stat().st_size)
        content = bytearray(log.read_bytes())
        at = random.Random(SEED).randrange(len(content) // 3,
                                           2 * len(content) // 3)
        # Not a length, which looks like a cut: rows are all but zeros.
        while content[at:at + 4] != b"\0\0\0\0":
            at += 1
        content[at] ^= 0x40
        log.write_bytes(content)

    def run_server(self, *flags):
        done = subprocess.run(
            [BIN / "embedding-server", f"--data_dir={self.data}", *flags],
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        return done.returncode, [json.loads(line)
                                 for line in done.stderr.splitlines()]

    def salvage(self, name):
        status, events = self.run_server(f"--salvage={self.temp / name}")
        self.assertEqual(status, 0, events)
        self.assertEqual(events[-1]["event"], "salvaged")
        return events

    def check_copy(self, name, revision):
        with ServerProcess(BIN, self.temp / name) as server:
            self.table.value = self.table.revision = revision
            self.table.check(self, server)
            server.embctl("verify")

    def test_keeps_what_lies_before_the_damage(self):
        print(f"EMB_TEST_SEED={SEED}")
        self.damage_log()
        status, events = self.run_server("--listen=127.0.0.1:0",
                                         "--admin_listen=127.0.0.1:0")
        self.assertEqual(status, 1)
        self.assertEqual(events[-1]["code"], "DATA_LOSS")
        self.assertIn("--salvage", events[-1]["message"])
        before = self.content()
        events = self.salvage("copy")
        self.assertEqual(self.content(), before)
        revision = events[0]["revision"]
        self.assertLess(revision, UPDATES)
        self.assertGreater(revision, 0)
        self.assertEqual(events[-1]["lost_changes"], UPDATES - revision)
        self.check_copy("copy", revision)
        # A copy that is there is not written over.
        status, events = self.run_server(f"--salvage={self.temp / 'copy'}")
        self.assertEqual(status, 1)
        self.assertIn("want an empty directory", events[-1]["message"])

    def test_control_without_damage_loses_nothing(self):
        events = self.salvage("copy")
        self.assertEqual(events[-1]["lost_changes"], 0)
        self.check_copy("copy", UPDATES)


if __name__ == "__main__":
    unittest.main()
