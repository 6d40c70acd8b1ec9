#!/usr/bin/python3
"""A clock that is a day ahead or behind, and one that jumps while calls are
answered: none of them fails for it, and nothing is forgotten.

Wants faketime; skipped without. EMB_BIN_DIR names the directory of
embedding-server and embctl.
"""
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from http2 import LOOKUP, Connection, lookup  # noqa: E402
from server_process import ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
DAY = 86400


def faketime_library():
    """The library that faketime preloads; None without it."""
    if shutil.which("faketime") is None:
        return None
    done = subprocess.run(
        ["faketime", "-f", "+0", "env"], check=False, capture_output=True,
        text=True)
    for line in done.stdout.splitlines():
        if line.startswith("LD_PRELOAD="):
            return line.partition("=")[2]
    return None


class Clock(unittest.TestCase):
    """Only the wall clock: a monotonic one does not jump."""

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-clock-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        # The server reads its offset from there, again and again.
        self.offset = self.temp / "offset"
        self.set_offset(0)
        for name, value in {
                "LD_PRELOAD": faketime_library(),
                "FAKETIME_TIMESTAMP_FILE": str(self.offset),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}.items():
            os.environ[name] = value
        try:
            self.server = ServerProcess(BIN, self.temp / "data")
            self.addCleanup(self.server.kill)
            self.server.start()
        finally:
            # Not this process, nor embctl.
            for name in ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE"):
                del os.environ[name]
        self.server.embctl("table", "create", "item", "--rows", "100", "--dim",
                           "4")
        self.right = self.answer()

    def set_offset(self, seconds):
        new = self.temp / "new"
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.offset)

    def answer(self):
        return json.loads(self.server.embctl(
            "lookup", "item", "0", "99").stdout)["values"]

    def created_at(self, name):
        self.server.embctl("table", "create", name, "--rows", "1", "--dim",
                           "1")
        described = json.loads(self.server.embctl(
            "table", "describe", name, "--json").stdout)
        text = described["created_at"].replace("Z", "+0000")
        return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - \
            time.timezone

    def await_jump(self, prefix, offset):
        """faketime reads the offset every second."""
        deadline = time.monotonic() + 30
        for number in itertools.count():
            lag = (self.created_at(f"{prefix}.{number}") - time.time() -
                   offset)
            if abs(lag) < 60:
                return
            self.assertLess(time.monotonic(), deadline, lag)

    def test_calls_go_on_over_jumps(self):
        done = threading.Event()
        ended = {}

        def call():
            connection = Connection(self.server.data_address)
            stream = 1
            while not done.is_set():
                if stream > 199:  # Its window is not opened again.
                    connection.socket.close()
                    connection = Connection(self.server.data_address)
                    stream = 1
                # Ten seconds for what takes a millisecond.
                connection.call(stream, LOOKUP, lookup("item", [0, 99]),
                                more=[("grpc-timeout", "10S")])
                how = connection.status_of(stream)
                ended[how] = ended.get(how, 0) + 1
                stream += 2
                if how == "closed":
                    connection = Connection(self.server.data_address)
                    stream = 1
            connection.socket.close()

        caller = threading.Thread(target=call)
        caller.start()
        try:
            for number, offset in enumerate((DAY, -DAY, 0, DAY, 0)):
                self.set_offset(offset)
                before = sum(ended.values())
                deadline = time.monotonic() + 30
                while sum(ended.values()) < before + 200:
                    self.assertLess(time.monotonic(), deadline)
                    done.wait(0.01)
                # The control: the server's clock has jumped.
                self.await_jump(f"t{number}", offset)
                self.assertEqual(self.answer(), self.right)
        finally:
            done.set()
            caller.join()
        print(f"5 jumps of a day and more: lookups ended {ended}")
        # A connection may be closed for its age, between two calls of it.
        self.assertLessEqual(set(ended), {"0", "closed"})
        self.assertLessEqual(ended.get("closed", 0), 5)

    def test_stops_and_starts_in_yesterday(self):
        self.set_offset(-DAY)
        self.assertEqual(self.answer(), self.right)
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertEqual(self.answer(), self.right)


if __name__ == "__main__":
    if faketime_library() is None:
        print("SKIPPED: wants faketime", file=sys.stderr)
        sys.exit(77)
    unittest.main()
