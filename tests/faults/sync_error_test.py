#!/usr/bin/python3
"""After an error of the disk, or once it is read-only, nothing is acknowledged
any more, what was acknowledged stays, and a restart takes changes again.

Wants strace and the right to trace; skipped without.
EMB_BIN_DIR names the directory of embedding-server and embctl.
EMB_FAULT_ROUNDS  how many errors are injected.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from rows_oracle import RowsOracle  # noqa: E402
from server_process import TIMEOUT_SECONDS, ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
ROUNDS = int(os.environ.get("EMB_FAULT_ROUNDS", "2"))
EXIT_PRECONDITION, EXIT_INTERNAL = 6, 1
WRITES = "embedding.v1.TableAdmin"


SYNCS, WRITES_OF_FILES = "fdatasync,fsync,sync_file_range", "write,pwrite64"


class Injector:
    """From its start to its end these system calls of the process fail where
    they are about one of the paths."""

    def __init__(self, pid, log, calls, error, paths):
        self.log = log
        self.strace = subprocess.Popen(
            ["strace", "-f", "-p", str(pid), "-o", str(log),
             "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}",
             *(f"--trace-path={path}" for path in paths)],
            stderr=subprocess.PIPE, text=True)
        # All threads are attached once it says so.
        told = []
        for line in self.strace.stderr:
            told.append(line)
            if "attached" in line:
                return
        self.end()
        raise AssertionError(f"strace: {told}")

    def end(self):
        self.strace.terminate()
        self.strace.wait(TIMEOUT_SECONDS)
        self.strace.stderr.close()
        return self.log.read_text().count("INJECTED")


class DiskError(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-sync-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.server = ServerProcess(BIN, self.temp / "data")
        self.addCleanup(self.server.kill)
        self.server.start()

    def healthy(self, *service):
        return self.server.embctl("health", *service,
                                  check=False).returncode == 0

    def inject(self, calls, error):
        """Of its logs alone: writes to sockets look the same."""
        logs = (self.temp / "data").rglob("*.log")
        return Injector(self.server.pid, self.temp / "strace", calls, error,
                        logs)

    def check_error(self, calls, error):
        """Returns how many errors there were."""
        for _ in range(3):
            self.assertEqual(self.set_rows().returncode, 0)
        injector = self.inject(calls, error)
        done = self.set_rows()
        failed = self.value
        injected = injector.end()
        self.assertEqual(done.returncode, EXIT_INTERNAL, done.stderr)
        start = time.monotonic()
        while self.healthy(WRITES):
            self.assertLess(time.monotonic() - start, 2)
        self.assertTrue(self.healthy())
        # The disk is well again, but what it holds is not known.
        done = self.set_rows()
        self.assertEqual(done.returncode, EXIT_PRECONDITION, done.stderr)
        self.assertIn("read-only", done.stderr)
        self.table.check(self, self.server)
        self.server.kill()
        self.server.start()
        self.table.check(self, self.server, in_flight=failed)
        return injected

    def set_rows(self):
        self.value += 1
        return self.table.set(self.server, self.value)

    def test_nothing_is_acknowledged_after_it(self):
        self.table = RowsOracle(self.temp, "t", 8)
        self.table.create(self.server)
        self.value = 0
        for calls, error in ((SYNCS, "EIO"), (WRITES_OF_FILES, "EIO"),
                             (WRITES_OF_FILES, "EROFS")):
            with self.subTest(calls=calls, error=error):
                injected = sum(self.check_error(calls, error)
                               for _ in range(ROUNDS))
                # The control: errors were injected at all.
                self.assertGreaterEqual(injected, ROUNDS)
                print(f"{injected} times {error} of {calls}, "
                      f"{self.table.acknowledged} acknowledged updates, 0 lost")
        self.assertIsNone(json.loads(
            self.server.embctl("--json", "status").stdout)["write_error"])


def may_trace():
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", os.devnull, "true"],
                          capture_output=True).returncode == 0


if __name__ == "__main__":
    if not may_trace():
        print("SKIPPED: wants strace, and the right to trace",
              file=sys.stderr)
        sys.exit(77)
    unittest.main()
