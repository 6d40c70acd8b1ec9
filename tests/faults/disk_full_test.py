#!/usr/bin/python3
"""A full disk stops changes and nothing else, and only while it is full.

Wants root, for a small tmpfs; skipped without.
EMB_BIN_DIR names the directory of embedding-server and embctl.
EMB_FAULT_ROUNDS  how often the disk is filled.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from rows_oracle import EXIT_RESOURCE_EXHAUSTED, RowsOracle  # noqa: E402
from server_process import TIMEOUT_SECONDS, ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
ROUNDS = int(os.environ.get("EMB_FAULT_ROUNDS", "2"))
WRITES = "embedding.v1.TableAdmin"
RECOVERY_SECONDS = 10


class DiskFull(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-full-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.disk = self.temp / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "emb",
                        str(self.disk)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)],
                        check=True)
        self.server = ServerProcess(BIN, self.disk / "data")
        self.addCleanup(self.server.kill)
        self.server.start()

    def fill(self):
        """A file that leaves no byte."""
        with open(self.disk / "ballast", "wb", buffering=0) as ballast:
            block = b"x" * (1 << 16)
            try:
                while True:
                    ballast.write(block)
            except OSError:
                pass

    def status(self):
        return json.loads(self.server.embctl("--json", "status").stdout)

    def until(self, what, seconds):
        """Seconds until `what` says true."""
        start = time.monotonic()
        while not what():
            self.assertLess(time.monotonic() - start, seconds,
                            self.server.log_text())
        return time.monotonic() - start

    def write_until_full(self, table, value):
        """The value that was refused."""
        for value in range(value, value + 1_000):
            done = table.set(self.server, value)
            if done.returncode != 0:
                self.assertEqual(done.returncode, EXIT_RESOURCE_EXHAUSTED,
                                 done.stderr)
                return value
        self.fail("the disk took everything")

    def healthy(self, *service):
        return self.server.embctl("health", *service,
                                  check=False).returncode == 0

    def test_reads_go_on_and_writes_come_back(self):
        table = RowsOracle(self.temp, "t", 2_000)
        table.create(self.server)
        slowest = 0
        value = 1
        for _ in range(ROUNDS):
            self.fill()
            refused = self.write_until_full(table, value)
            self.until(lambda: not self.healthy(WRITES), 2)
            self.assertTrue(self.healthy())
            self.assertIn("No space", self.status()["write_error"])
            table.check(self, self.server)
            (self.disk / "ballast").unlink()
            # The control: it was the disk that stopped it.
            slowest = max(slowest, self.until(
                lambda: table.set(self.server, refused + 1).returncode == 0,
                TIMEOUT_SECONDS))
            self.until(lambda: self.healthy(WRITES), 3)
            self.assertIsNone(self.status()["write_error"])
            table.check(self, self.server)
            value = refused + 2
        self.assertLess(slowest, RECOVERY_SECONDS)
        self.server.kill()
        self.server.start()
        table.check(self, self.server)
        print(f"{ROUNDS} times full, {table.acknowledged} acknowledged "
              f"updates, 0 lost; changes taken {slowest:.1f} s after there "
              "was space")

    def test_what_does_not_fit_is_refused_up_front(self):
        before = self.status()
        done = self.server.embctl("table", "create", "huge", "--rows",
                                  str(100 << 10), "--dim", "256", check=False)
        self.assertEqual(done.returncode, EXIT_RESOURCE_EXHAUSTED, done.stderr)
        self.assertIn("5 % of the disk", done.stderr)
        after = self.status()
        self.assertIsNone(after["write_error"])
        self.assertEqual(after["tables"], before["tables"])


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIPPED: wants root, to mount a small disk", file=sys.stderr)
        sys.exit(77)
    unittest.main()
