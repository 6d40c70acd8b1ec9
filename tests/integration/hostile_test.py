#!/usr/bin/python3
"""Callers that are broken, slow, silent, gone or malicious: the server lives,
its memory stays bounded, and a good caller gets the right bits.

EMB_BIN_DIR     names the directory of embedding-server and embctl.
EMB_GARBAGE     connections of garbage
EMB_CANCELS     calls that are cancelled
EMB_TEST_SEED   repeats the garbage
"""
import os
import random
import resource
import socket
import struct
import tempfile
import threading
import time
import unittest

import http2
from http2 import (ACK, CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM,
                   GOAWAY, HEADERS, LOOKUP, LOOKUP_STREAM, PING, PREFACE,
                   RST_STREAM, SETTINGS, WINDOW_UPDATE, Connection, Usage,
                   call_fields, connect, descriptors, frame, large_lookup,
                   lookup)
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
GARBAGE = int(os.environ.get("EMB_GARBAGE", "3000"))
CANCELS = int(os.environ.get("EMB_CANCELS", "5000"))
IDLE_CONNECTIONS = 2000
SILENT_SECONDS = 20
ROWS, DIM = 1000, 64
# AddressSanitizer keeps what is freed.
SLOW_BUILD = os.environ.get("EMB_SLOW_BUILD") == "1"


class HostileTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        # One descriptor a connection, at both ends.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-hostile-")
        self.addCleanup(temp.cleanup)
        self.server = ServerProcess(BIN, os.path.join(temp.name, "data"))
        self.addCleanup(self.server.kill)
        self.server.start()
        self.address = self.server.data_address
        self.server.embctl("table", "create", "item", "--rows", str(ROWS),
                           "--dim", str(DIM))
        self.right = self.lookup().stdout
        self.assertIn("epoch", self.right)
        # What a first caller makes the server allocate is no growth.
        for _ in range(200):
            with Connection(self.address) as connection:
                connection.call(1, LOOKUP, lookup("item", range(100)))
                self.assertEqual(connection.status_of(1), "0")
        self.usage = Usage(self.server.pid)

    def lookup(self):
        return self.server.embctl("lookup", "item", "0", "1", str(ROWS - 1),
                                  check=False)

    def assert_answers(self):
        """In time, though not at once: it may have much to do."""
        deadline = time.monotonic() + 30
        while True:
            done = self.lookup()
            if done.returncode == 0 or time.monotonic() > deadline:
                break
        self.assertEqual(done.stdout, self.right, done.stderr)

    def assert_growth(self, limit, what):
        growth = self.usage.mebibytes
        print(f"{what}: {growth:+.1f} MiB, "
              f"{self.usage.cpu_seconds:.2f} CPU seconds")
        if not SLOW_BUILD:
            self.assertLess(growth, limit)


class Garbage(HostileTest):

    # Each makes what one connection sends.
    def kinds(self, rng):
        stream = 2 * rng.randrange(100) + 1
        noise = rng.randbytes(rng.randrange(1, 2000))
        settings = frame(SETTINGS, 0, 0)
        hello = PREFACE + settings
        head = frame(HEADERS, END_HEADERS, stream, call_fields(LOOKUP))
        return [
            noise,
            b"\0" * len(noise),
            PREFACE[:rng.randrange(1, len(PREFACE))],
            PREFACE + noise,
            hello + noise,
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise,
            # A frame of any kind, or of none that there is.
            hello + frame(rng.randrange(256), rng.randrange(256),
                          rng.randrange(2**32), noise),
            hello + frame(rng.randrange(10), rng.randrange(256), stream,
                          noise[:rng.randrange(64)]),
            # Longer than it may be, and than it is.
            hello + b"\xff\xff\xff" + struct.pack(">BBI", rng.randrange(10),
                                                  0, stream) + noise,
            hello + head + frame(DATA, 0, stream, noise),
            # A message longer than its stream, and one that never begins.
            hello + head + frame(DATA, END_STREAM, stream,
                                 struct.pack(">BI", 0, 2**31) + noise),
            hello + head + frame(DATA, END_STREAM, stream, b"\1\0\0"),
            hello + frame(DATA, 0, stream, noise),
            hello + frame(HEADERS, END_HEADERS, 0, call_fields(LOOKUP)),
            hello + frame(HEADERS, END_HEADERS, stream, noise),
            hello + frame(HEADERS, 0, stream, call_fields(LOOKUP)) + head,
            hello + frame(CONTINUATION, END_HEADERS, stream, noise),
            hello + frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"),
            hello + 3 * frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"),
            hello + head + frame(WINDOW_UPDATE, 0, stream,
                                 b"\x7f\xff\xff\xff"),
            hello + frame(SETTINGS, 0, 0, noise[:5]),
            hello + frame(SETTINGS, ACK, 0, b"123456"),
            hello + frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 2**31)),
            hello + frame(SETTINGS, 0, 0, struct.pack(">HI", 5, 1)),
            hello + frame(PING, 0, 0, noise[:7]),
            hello + frame(PING, 0, 0, b"12345678") * 50,
            hello + frame(RST_STREAM, 0, stream, b"\0\0\0\x08"),
            hello + frame(GOAWAY, 0, 0, noise[:8]) + head,
            hello + settings * 200,
        ]

    def test_connections_of_garbage(self):
        seed = int(os.environ.get("EMB_TEST_SEED", time.time_ns()))
        print(f"EMB_TEST_SEED={seed}")
        errors = []

        def send(part):
            rng = random.Random(seed + part)
            for _ in range(part, GARBAGE, 2):
                try:
                    self.send_garbage(rng.choice(self.kinds(rng)))
                except Exception as error:  # pylint: disable=broad-except
                    errors.append(error)
                    return

        senders = [threading.Thread(target=send, args=(part,))
                   for part in range(2)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        self.assertEqual(errors, [])
        self.assert_answers()
        self.assert_growth(50, f"{GARBAGE} connections of garbage")
        print(f"{len(self.server.events)} lines of log")

    def send_garbage(self, data):
        """Hears what the server says, if it says it soon: who does not wait
        measures how many connections the kernel keeps in a queue."""
        with connect(self.address) as connection:
            try:
                connection.sendall(data)
                connection.settimeout(0.01)
                connection.recv(4096)
            except (ConnectionError, socket.timeout):
                pass


class Idle(HostileTest):

    def test_idle_connections_cost_little(self):
        before = descriptors(self.server.pid)
        connections = [Connection(self.address)
                       for _ in range(IDLE_CONNECTIONS)]
        try:
            # Once it has answered the settings the server has it.
            for connection in connections:
                self.assertIsNotNone(connection.next_frame())
            # The control: they are there. What the server opens for itself, as
            # its own probe, comes and goes.
            self.assertGreater(descriptors(self.server.pid) - before,
                               IDLE_CONNECTIONS - 10)
            self.assert_answers()
            self.assert_growth(50, f"{IDLE_CONNECTIONS} idle connections")
        finally:
            for connection in connections:
                connection.socket.close()
        self.assert_answers()

    def test_silent_connections_are_dropped(self):
        start = time.monotonic()
        silent = [connect(self.address) for _ in range(100)]
        # One says half of what it has to; one that is no silent one stays.
        silent[0].sendall(PREFACE)
        with Connection(self.address) as talking:
            for connection in silent:
                left = start + SILENT_SECONDS - time.monotonic()
                connection.settimeout(max(left, 0.01))
                # Whatever it is told, then the end.
                try:
                    while connection.recv(4096):
                        pass
                except ConnectionError:
                    pass
                connection.close()
            print(f"100 silent connections: dropped after "
                  f"{time.monotonic() - start:.1f} s")
            talking.call(1, LOOKUP, lookup("item", [1]))
            self.assertEqual(talking.status_of(1), "0")
        self.assert_answers()


class Slow(HostileTest):

    ANSWER_MIB = 2
    CALLS = 40

    def test_half_sent_messages_are_bounded(self):
        connections, sent = [], 0
        half = b"\0" + struct.pack(">I", 4 << 20) + b"x" * 60000
        for _ in range(8):
            connection = Connection(self.address)
            connections.append(connection)
            for stream in range(1, 201, 2):
                connection.call(stream, LOOKUP)
                if connection.send_data(stream, half, timeout=1):
                    sent += 1
        self.assert_answers()
        self.assert_growth(150, f"{sent} half-sent messages of 4 MiB")
        for connection in connections:
            connection.socket.close()
        self.assertGreaterEqual(sent, 8)  # The control.
        self.assert_answers()

    def unread_answers(self, path):
        """A connection with calls whose answers it never takes."""
        connection = Connection(self.address, window=0)
        sequences = self.ANSWER_MIB * 2**20 // (DIM * 4 * 1024)
        for i in range(self.CALLS):
            connection.call(2 * i + 1, path,
                            large_lookup("item", sequences, 1024))
        return connection

    def wait_for_calls(self, connection):
        """Pings are answered in order, behind what came before."""
        connection.send(frame(PING, 0, 0, b"12345678"))
        while True:
            got = connection.next_frame()
            self.assertIsNotNone(got)
            if got[0] == PING and got[1] & ACK:
                return

    def test_answers_that_nobody_reads(self):
        # Parts of a stream's answer are made as they are taken.
        with self.unread_answers(LOOKUP_STREAM) as connection:
            self.wait_for_calls(connection)
            self.assert_answers()
            self.assert_growth(
                self.CALLS + 20, f"{self.CALLS} streams, each with an unread "
                f"answer of {self.ANSWER_MIB} MiB")
        self.assert_answers()
        # Those of calls are whole: as much as was asked for, and no more. The
        # control, too: so much memory is noticed.
        total = self.CALLS * self.ANSWER_MIB
        with self.unread_answers(LOOKUP) as connection:
            self.wait_for_calls(connection)
            deadline = time.monotonic() + 20
            while (self.usage.mebibytes < total * 0.8 and
                   time.monotonic() < deadline):
                time.sleep(0.02)
            self.assertGreater(self.usage.mebibytes, total * 0.8)
            self.assert_growth(total * 1.5 + 30,
                               f"{self.CALLS} calls, the same")
            self.assert_answers()
        left = self.usage.mebibytes_below(40)
        print(f"when it has gone: {left:+.1f} MiB")
        if not SLOW_BUILD:
            self.assertLess(left, 40)


class Gone(HostileTest):

    def many(self, count, what, send, limit=40):
        """Sends calls that nobody waits for, 100 to a connection. What is
        left of them, in MiB, is soon below the limit."""
        for i in range(0, count, 100):
            if i == count // 4 // 100 * 100:
                self.usage = Usage(self.server.pid)  # Behind a warm-up.
            with Connection(self.address) as connection:
                try:
                    for stream in range(1, 201, 2):
                        send(connection, stream)
                except ConnectionError:
                    pass  # It has had enough of this one.
            if i % 1000 == 0:
                self.assert_answers()
        self.assert_answers()
        self.usage.mebibytes_below(limit)
        self.assert_growth(limit, f"{count} {what}")

    def test_cancelled_calls_leave_nothing(self):
        message = lookup("item", range(64))

        def send(connection, stream):
            connection.call(stream, LOOKUP, message)
            connection.send(frame(RST_STREAM, 0, stream,
                                  struct.pack(">I", CANCEL)))

        self.many(CANCELS, "cancelled calls", send)

    def test_callers_that_vanish_leave_nothing(self):
        message = lookup("item", range(64))
        self.many(CANCELS, "calls of callers that vanished",
                  lambda connection, stream: connection.call(stream, LOOKUP,
                                                             message))

    def test_streams_that_vanish_leave_nothing(self):
        message = large_lookup("item", 64, 1024)

        def send(connection, stream):
            connection.call(stream, LOOKUP_STREAM)
            body = http2.message_of(message)
            connection.send(frame(DATA, 0, stream, body))

        # Each has a part of 256 KiB on its way: what the allocator keeps of
        # those differs, and all of them would be 240 MiB.
        self.many(CANCELS // 4, "streams of callers that vanished", send,
                  limit=100)

    def test_a_deadline_that_has_passed_costs_nothing(self):
        message = lookup("item", range(1000))
        ended = {}
        for _ in range(50):
            with Connection(self.address, window=2**31 - 1) as connection:
                connection.call(1, LOOKUP, message,
                                more=[("grpc-timeout", "1n")])
                how = connection.status_of(1)
                ended[how] = ended.get(how, 0) + 1
        print(f"50 deadlines that had passed: {ended}")
        # DEADLINE_EXCEEDED, or the call was given up before it was one.
        self.assertLessEqual(set(ended), {"4", "reset 8", "reset 0"})
        self.assert_answers()
        self.assert_growth(20, "50 lookups that came too late")


class Heads(HostileTest):

    def how(self, path=LOOKUP, message=lookup("item", [1]), **changes):
        with Connection(self.address).greet() as connection:
            connection.call(1, path, message, **changes)
            return connection.status_of(1)

    def test_wrong_heads(self):
        """How each call ends; None: gRPC may take it or not."""
        ok, unimplemented, exhausted = {"0"}, {"12"}, {"8"}
        cases = [
            ("good", {}, ok),
            ("wrong path", {"path": "/x"}, unimplemented),
            ("empty path", {"path": ""}, unimplemented),
            ("no path", {"path": None}, {"2", "13"}),
            ("path of 6 KiB", {"path": "/" + "x" * 6000}, unimplemented),
            ("text/html", {"content_type": "text/html"}, None),
            ("no content-type", {"content_type": None}, None),
            ("unknown encoding", {"more": [("grpc-encoding", "lzma")]}, None),
            ("a timeout that is none", {"more": [("grpc-timeout", "soon")]},
             None),
            ("metadata of 7 KiB", {"more": [("x", "y" * 7000)]}, ok),
            ("metadata of 9 KiB", {"more": [("x", "y" * 9000)]}, exhausted),
            ("metadata of 15 KiB", {"more": [("x", "y" * 15000)]}, exhausted),
            ("250 fields", {"more": [(f"x{i}", "y" * 50) for i in range(250)]},
             exhausted),
            ("no message", {"message": None,
                            "more": [("grpc-timeout", "1S")]}, {"4"}),
        ]
        for what, changes, allowed in cases:
            with self.subTest(what=what):
                ended = self.how(**changes)
                print(f"{what}: {ended}")
                if allowed is not None:
                    self.assertIn(ended, allowed)
                self.assert_answers()
        self.assert_growth(20, "wrong heads")


if __name__ == "__main__":
    unittest.main()
