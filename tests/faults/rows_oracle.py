"""A table whose rows are set again and again, and what they must be.

The oracle is in the test's process: the server's directory is no part of it.
"""
import json

import npy

EXIT_RESOURCE_EXHAUSTED = 7


class RowsOracle:
    """All rows of one table, set together: row r is value + r throughout."""

    DIM = 64

    def __init__(self, temp, name, rows):
        self.path = temp / f"{name}.npy"
        self.name = name
        self.rows = rows
        self.value = None
        self.revision = 0
        self.acknowledged = 0

    def create(self, server):
        server.embctl("table", "create", self.name, "--rows", str(self.rows),
                      "--dim", str(self.DIM), "--init", "zeros")

    def matrix(self, value):
        return [float(value + row) for row in range(self.rows)
                for _ in range(self.DIM)]

    def set(self, server, value):
        """Sets all rows; remembers it if that was acknowledged."""
        npy.write(self.path, "f", [self.rows, self.DIM], self.matrix(value))
        done = server.embctl(
            "rows", "set", self.name, "--ids",
            ",".join(map(str, range(self.rows))), "--from", str(self.path),
            check=False)
        if done.returncode == 0:
            self.value = value
            self.revision += 1
            self.acknowledged += 1
        return done

    def check(self, test, server, in_flight=None):
        """Rows and revision are those acknowledged last; if a change was in
        flight, possibly those of that one."""
        described = json.loads(server.embctl(
            "--json", "table", "describe", self.name).stdout)
        if in_flight is not None and described["revision"] == self.revision + 1:
            self.value = in_flight
            self.revision += 1
        test.assertEqual(described["revision"], self.revision, self.name)
        if self.value is None:
            return
        ids = [0, 1, self.rows // 2, self.rows - 1]
        looked_up = json.loads(server.embctl(
            "--json", "lookup", self.name, *map(str, ids)).stdout)
        test.assertEqual(looked_up["values"],
                         [[float(self.value + row)] * self.DIM for row in ids])
