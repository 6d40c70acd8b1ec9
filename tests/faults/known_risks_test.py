#!/usr/bin/python3
"""What is known to be wrong with Debian's gRPC 1.51, as far as it can be
reached here: it costs processor time, or the listener, but never a wrong
answer. docs/security.md says what that means. A test that fails because things
are better than it says is good news: change that page.

EMB_BIN_DIR        names the directory of embedding-server and embctl.
EMB_HEADER_BYTES   size of the largest head that is sent
EMB_RESETS         calls that are reset as soon as they have begun
"""
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from http2 import (CANCEL, CONTINUATION, DATA, END_HEADERS,  # noqa: E402
                   END_STREAM, HEADERS, LOOKUP, RST_STREAM, Connection, Usage,
                   call_fields, connect, descriptors, frame, lookup,
                   message_of)
from server_process import ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
HEADER_BYTES = int(os.environ.get("EMB_HEADER_BYTES", str(4 << 20)))
RESETS = int(os.environ.get("EMB_RESETS", "10000"))
PROBE_SECONDS = 30


def has_self_probe():
    return "--self_probe_interval" in subprocess.run(
        [os.path.join(BIN, "embedding-server"), "--help"], check=False,
        capture_output=True, text=True).stdout


class KnownRisk(unittest.TestCase):

    flags = ()

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-risk-")
        self.addCleanup(temp.cleanup)
        self.server = ServerProcess(BIN, os.path.join(temp.name, "data"),
                                    self.flags)
        self.addCleanup(self.server.kill)
        self.server.start()
        self.server.embctl("table", "create", "item", "--rows", "100", "--dim",
                           "4")
        self.right = self.answer().stdout
        self.assertIn("epoch", self.right)
        self.usage = Usage(self.server.pid)

    def answer(self):
        return self.server.embctl("lookup", "item", "0", "99", check=False)

    def assert_answers(self):
        """In time, though not at once: it may have much to do."""
        deadline = time.monotonic() + 30
        while True:
            done = self.answer()
            if done.returncode == 0 or time.monotonic() > deadline:
                break
        self.assertEqual(done.stdout, self.right, done.stderr)


def head_of(size):
    """The frames of a call whose head has so many bytes."""
    block = call_fields(LOOKUP, [("x", "y" * size)])
    frames = b""
    for start in range(0, len(block), 16000):
        piece = block[start:start + 16000]
        last = start + 16000 >= len(block)
        frames += frame(CONTINUATION if start else HEADERS,
                        END_HEADERS if last else 0, 1, piece)
    return frames + frame(DATA, END_STREAM, 1,
                          message_of(lookup("item", [1])))


class Heads(KnownRisk):
    """CVE-2023-33953: a head is buffered, and read again with each frame."""

    def test_who_takes_the_settings_is_held_to_8_kib(self):
        for size, ends in ((7000, "0"), (9000, "8"), (HEADER_BYTES, "8")):
            with Connection(self.server.data_address).greet() as connection:
                connection.send(head_of(size))
                self.assertEqual(connection.status_of(1), ends, size)
        self.assert_answers()

    def test_who_does_not_is_held_to_nothing(self):
        seconds = []
        for size in (HEADER_BYTES // 2, HEADER_BYTES):
            usage = Usage(self.server.pid)
            # Its settings are not waited for, nor acknowledged.
            with Connection(self.server.data_address) as connection:
                connection.send(head_of(size))
                ended = connection.status_of(1)
            seconds.append(usage.cpu_seconds)
            print(f"a head of {size / 2**20:.1f} MiB: ended with {ended}, "
                  f"{usage.cpu_seconds:.2f} CPU seconds, "
                  f"{usage.mebibytes:+.1f} MiB")
            self.assertEqual(ended, "0", "is gRPC mended? see the top")
            self.assert_answers()
        self.assertLess(self.usage.mebibytes, 4 * HEADER_BYTES / 2**20 + 20)
        print(f"twice the bytes: {seconds[1] / max(seconds[0], 0.01):.1f} "
              "times the processor time")


class Resets(KnownRisk):
    """CVE-2023-44487: a call that is reset at once costs its caller little."""

    def test_rapid_resets_are_survived(self):
        block = call_fields(LOOKUP)
        reset = struct.pack(">I", CANCEL)
        sent = 0
        start = time.monotonic()
        while sent < RESETS:
            with Connection(self.server.data_address) as connection:
                try:
                    for stream in range(1, 2001, 2):
                        connection.send(
                            frame(HEADERS, END_HEADERS, stream, block) +
                            frame(RST_STREAM, 0, stream, reset))
                        sent += 1
                except ConnectionError:
                    pass
            self.assert_answers()
        print(f"{sent} resets in {time.monotonic() - start:.1f} s: "
              f"{self.usage.cpu_seconds:.2f} CPU seconds, "
              f"{self.usage.mebibytes:+.1f} MiB")
        self.assertGreater(self.usage.cpu_seconds, 0)
        # 33 of 5,000, 62 of 10,000, 83 of 50,000: it does not go on.
        self.assertLess(self.usage.mebibytes, 150)


class Schemes(KnownRisk):
    """CVE-2023-1428: odd heads of more than 8 KiB ended a server."""

    def test_odd_heads_end_no_server(self):
        long_value = "z" * 9000
        cases = [(scheme, te, extra)
                 for scheme in ("http", "https", "bogus", "", None)
                 for te in ("trailers", "gzip", "", None, long_value)
                 for extra in ([], [("x", long_value)],
                               [("te", long_value)],
                               [(":scheme", long_value)])]
        ended = {}
        for scheme, te, extra in cases:
            for greeted in (False, True):
                connection = Connection(self.server.data_address)
                with connection:
                    if greeted:
                        connection.greet()
                    connection.call(1, LOOKUP, lookup("item", [1]), extra,
                                    scheme=scheme, te=te)
                    how = connection.status_of(1)
                ended[how] = ended.get(how, 0) + 1
        print(f"{2 * len(cases)} odd heads ended: {ended}")
        self.assertEqual(sum(ended.values()), 2 * len(cases))
        self.assert_answers()


class Descriptors(KnownRisk):
    """CVE-2023-4785: out of descriptors, the listener never accepts again."""

    flags = ("--self_probe_interval=1s",) if has_self_probe() else ()
    LIMIT = 256

    def exhaust(self):
        """Takes all descriptors of the server, and lets them go."""
        resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE,
                         (self.LIMIT, self.LIMIT))
        taken = [connect(self.server.data_address)
                 for _ in range(self.LIMIT + 150)]
        deadline = time.monotonic() + 10
        # It may end by itself meanwhile.
        while (self.server.running() and time.monotonic() < deadline and
               self.open_descriptors() < self.LIMIT - 5):
            threading.Event().wait(0.02)
        self.assertTrue(not self.server.running() or
                        self.open_descriptors() >= self.LIMIT - 5)
        for connection in taken:
            connection.close()

    def open_descriptors(self):
        try:
            return descriptors(self.server.pid)
        except FileNotFoundError:
            return 0

    def test_few_connections_are_survived(self):
        """The control: it is the limit that does it."""
        taken = [connect(self.server.data_address)
                 for _ in range(self.LIMIT + 150)]
        for connection in taken:
            connection.close()
        self.assert_answers()
        self.assertTrue(self.server.running())

    def test_out_of_descriptors(self):
        earlier = Connection(self.server.data_address).greet()
        self.addCleanup(earlier.socket.close)
        self.exhaust()
        if self.flags:
            start = time.monotonic()
            self.assertNotEqual(self.server.wait(PROBE_SECONDS), 0)
            print("out of descriptors: ended after "
                  f"{time.monotonic() - start:.1f} s")
            return
        # Those of the connections that are gone are free again, in vain.
        deadline = time.monotonic() + 30
        while (self.open_descriptors() > self.LIMIT // 2 and
               time.monotonic() < deadline):
            threading.Event().wait(0.05)
        # Who is connected notices nothing.
        earlier.call(1, LOOKUP, lookup("item", [1]))
        self.assertEqual(earlier.status_of(1), "0")
        done = self.answer()
        print(f"out of descriptors, then {self.open_descriptors()} of "
              f"{self.LIMIT} open: {done.stderr.strip()}")
        self.assertNotEqual(done.returncode, 0, "is gRPC mended? see the top")
        self.assertTrue(self.server.running())


if __name__ == "__main__":
    unittest.main()
