"""HTTP/2 by hand, right or wrong, for tests of what a server does with it.

    connection = Connection("127.0.0.1:50051")
    connection.call(1, LOOKUP, lookup("item", [1, 2]))
    print(connection.status_of(1))

Standard library only. Header fields are never compressed.
"""
import os
import socket
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION \
    = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
CANCEL = 8
HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 1, 4

LOOKUP = "/embedding.v1.EmbeddingService/Lookup"
LOOKUP_STREAM = "/embedding.v1.EmbeddingService/LookupStream"

# How long anything is waited for before a test gives up on it.
TIMEOUT_SECONDS = 30


def frame(kind, flags, stream, payload=b""):
    return (struct.pack(">I", len(payload))[1:] +
            struct.pack(">BBI", kind, flags, stream) + payload)


def _string(text, limit=127):
    """A length in a prefix of 7 bits, and the bytes."""
    data = text.encode() if isinstance(text, str) else text
    if len(data) < limit:
        return bytes([len(data)]) + data
    rest, length = len(data) - limit, bytes([limit])
    while rest >= 128:
        length += bytes([rest % 128 + 128])
        rest //= 128
    return length + bytes([rest]) + data


def field(name, value):
    """A literal header field that is not remembered."""
    return b"\0" + _string(name) + _string(value)


def call_fields(path, more=(), scheme="http", te="trailers",
                content_type="application/grpc"):
    fields = [(":method", "POST"), (":scheme", scheme), (":path", path),
              (":authority", "localhost"), ("te", te),
              ("content-type", content_type), *more]
    return b"".join(field(n, v) for n, v in fields if v is not None)


def message_of(data):
    """A gRPC message: not compressed, its length, its bytes."""
    return struct.pack(">BI", 0, len(data)) + data


def _varint(value):
    out = b""
    while value >= 128:
        out += bytes([value % 128 + 128])
        value //= 128
    return out + bytes([value])


def _bytes_field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def lookup(table, ids):
    """A LookupRequest of one feature."""
    return _bytes_field(1, _bytes_field(1, table.encode()) + _bytes_field(
        3, struct.pack(f"<{len(ids)}q", *ids)))


def large_lookup(table, sequences, length):
    """A small LookupRequest whose answer is sequences x length rows of
    padding."""
    return _bytes_field(1, _bytes_field(1, table.encode()) +
                        _bytes_field(5, _bytes_field(1, b"\0" * sequences)) +
                        _bytes_field(6, b"\x08" + _varint(length)))


def connect(address):
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), TIMEOUT_SECONDS)


class Connection:
    """One that has said its preface and settings.

    window: how much of each answer it takes before it wants to be asked.
    """

    def __init__(self, address, window=65535):
        self.socket = connect(address)
        self._received = b""
        self.credit = 65535  # Bytes of data that it may send.
        # Heads are then spelled out each time.
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0,
                               INITIAL_WINDOW_SIZE, window)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def call(self, stream, path, message=None, more=(), **changes):
        """A whole unary call; without a message only its head."""
        block = call_fields(path, more, **changes)
        data = frame(HEADERS, END_HEADERS, stream, block)
        if message is not None:
            body = message_of(message)
            for start in range(0, len(body), 16384):
                piece = body[start:start + 16384]
                last = start + 16384 >= len(body)
                data += frame(DATA, END_STREAM if last else 0, stream, piece)
        self.send(data)

    def greet(self):
        """Waits until both have taken the other's settings."""
        while True:
            got = self.next_frame()
            if got is None:
                raise ConnectionError("closed before its settings came")
            if got[0] == SETTINGS and not got[1] & ACK:
                break
        self.send(frame(PING, 0, 0, b"settings"))
        while True:
            got = self.next_frame()
            if got is None or got[0] == PING:
                return self

    def next_frame(self, timeout=TIMEOUT_SECONDS):
        """(kind, flags, stream, payload), or None: the other end is gone."""
        deadline = time.monotonic() + timeout

        def fill(count):
            while len(self._received) < count:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise socket.timeout("no frame in time")
                self.socket.settimeout(left)
                try:
                    data = self.socket.recv(65536)
                except ConnectionError:
                    return False
                if not data:
                    return False
                self._received += data
            return True

        if not fill(9):
            return None
        length = int.from_bytes(self._received[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", self._received[3:9])
        if not fill(9 + length):
            return None
        payload = self._received[9:9 + length]
        self._received = self._received[9 + length:]
        if kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK, 0))
        if kind == WINDOW_UPDATE and stream == 0:
            self.credit += int.from_bytes(payload, "big")
        return kind, flags, stream, payload

    def send_data(self, stream, data, timeout=TIMEOUT_SECONDS):
        """Data of a stream as far as the connection's window lets it; False:
        it did not open in time. Looks at no stream's window."""
        for start in range(0, len(data), 16384):
            piece = data[start:start + 16384]
            while self.credit < len(piece):
                try:
                    if self.next_frame(timeout) is None:
                        return False
                except socket.timeout:
                    return False
            self.credit -= len(piece)
            self.send(frame(DATA, 0, stream, piece))
        return True

    def status_of(self, stream, timeout=TIMEOUT_SECONDS):
        """How a call ends: its grpc-status as text, "http N" for an answer
        that is not gRPC's, "reset N", or "closed"."""
        while True:
            try:
                got = self.next_frame(timeout)
            except ConnectionError:
                return "closed"
            if got is None:
                return "closed"
            kind, flags, number, payload = got
            if kind == GOAWAY:
                return "closed"
            if number != stream:
                continue
            if kind == RST_STREAM:
                return f"reset {int.from_bytes(payload, 'big')}"
            if kind == HEADERS and b"grpc-status" in payload:
                return _value_behind(payload, b"grpc-status")
            if kind == HEADERS and flags & END_STREAM:
                return "http"


def _value_behind(block, name):
    start = block.index(name) + len(name)
    return block[start + 1:start + 1 + (block[start] & 127)].decode()


class Usage:
    """Memory and processor time of a process since this was made."""

    def __init__(self, pid):
        self.pid = pid
        self._rss, self._cpu = self._read()

    def _read(self):
        with open(f"/proc/{self.pid}/statm") as file:
            rss = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return rss, (int(fields[11]) + int(fields[12])) / os.sysconf(
            "SC_CLK_TCK")

    @property
    def mebibytes(self):
        return (self._read()[0] - self._rss) / 2**20

    @property
    def cpu_seconds(self):
        return self._read()[1] - self._cpu

    def mebibytes_below(self, limit, timeout=TIMEOUT_SECONDS):
        """Waits until no more than that is left; what is."""
        deadline = time.monotonic() + timeout
        while True:
            now = self.mebibytes
            if now <= limit or time.monotonic() > deadline:
                return now
            time.sleep(0.05)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
