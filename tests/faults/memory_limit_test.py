#!/usr/bin/python3
"""A server in a memory cgroup refuses what does not fit, before it has taken
memory for it, and is never killed for it. Told to ignore the limit, it is.

Wants root and a memory controller of cgroups, version 1 or 2; skipped without.
EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import errno
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))
import npy  # noqa: E402
from rows_oracle import EXIT_RESOURCE_EXHAUSTED  # noqa: E402
from server_process import ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
MIB = 2**20
LIMIT = 256 * MIB
DIM = 64
# 80 % of the limit is for tables: 204 MiB.
FITS, TOO_LARGE = (size * MIB // (4 * DIM) for size in (150, 300))


class Cgroup:
    """A memory cgroup of its own. OSError: this machine has none to give."""

    ROOT = pathlib.Path("/sys/fs/cgroup")

    def __init__(self):
        name = f"emb-test-{os.getpid()}"
        if (self.ROOT / "memory").is_dir():
            self.path = self.ROOT / "memory" / name
            limit, self.events = "memory.limit_in_bytes", "memory.oom_control"
        else:
            self.path = self.ROOT / name
            limit, self.events = "memory.max", "memory.events"
        self.path.mkdir()
        try:
            self.write(limit, LIMIT)
        except OSError:
            self.path.rmdir()
            raise

    def write(self, file, value):
        if not (self.path / file).exists():
            raise OSError(errno.ENOENT, file)
        (self.path / file).write_text(str(value))

    def enter(self):
        """For the process that calls."""
        self.write("cgroup.procs", os.getpid())

    def kills(self):
        events = dict(line.split() for line in
                      (self.path / self.events).read_text().splitlines())
        return int(events["oom_kill"])

    def remove(self):
        self.path.rmdir()


class LimitedServer(ServerProcess):
    """In the cgroup, with all that it has ever taken."""

    def __init__(self, cgroup, *args):
        super().__init__(*args)
        self.cgroup = cgroup

    def before_exec(self):
        self.cgroup.enter()

    def growth(self, *command):
        """Exit status of embctl, and by how much memory grew at most."""
        proc = pathlib.Path(f"/proc/{self.pid}")
        (proc / "clear_refs").write_text("5")
        before = self.memory("VmRSS")
        done = self.embctl(*command, check=False)
        return done, self.memory("VmHWM") - before

    def memory(self, field):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (l for l in status.splitlines() if l.startswith(field))
        return int(line.split()[1]) * 1024


class MemoryLimit(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-limit-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.cgroup = Cgroup()
        self.addCleanup(self.cgroup.remove)

    def serve(self, *flags):
        server = LimitedServer(self.cgroup, BIN, self.temp / "data", flags)
        self.addCleanup(server.kill)
        return server.start()

    @staticmethod
    def create(name, rows):
        return ["table", "create", name, "--rows", str(rows), "--dim", str(DIM)]

    def test_too_much_is_refused_beforehand(self):
        server = self.serve()
        server.embctl(*self.create("fits", FITS))
        rows = self.temp / "rows.npy"
        npy.write(rows, "f", [TOO_LARGE, DIM])
        for command in (self.create("large", TOO_LARGE),
                        ["table", "import", "large", str(rows)],
                        ["table", "import", "fits", str(rows)]):
            done, grown = server.growth(*command)
            self.assertEqual(done.returncode, EXIT_RESOURCE_EXHAUSTED,
                             done.stderr)
            self.assertIn("memory", done.stderr)
            self.assertLess(grown, 16 * MIB, command)
        want = server.embctl("lookup", "fits", "0", str(FITS - 1)).stdout
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assertEqual(
            server.embctl("lookup", "fits", "0", str(FITS - 1)).stdout, want)
        self.assertEqual(self.cgroup.kills(), 0)
        print(f"{LIMIT // MIB} MiB: 150 MiB served, 300 MiB refused three "
              "times, 0 kills")

    def test_control_whoever_ignores_the_limit_is_killed(self):
        server = self.serve("--memory_limit=10GiB")
        done = server.embctl(*self.create("large", TOO_LARGE), check=False)
        self.assertNotEqual(done.returncode, 0)
        server.wait()
        self.assertGreater(self.cgroup.kills(), 0)


def may_limit():
    try:
        Cgroup().remove()
    except OSError as error:
        print(f"SKIPPED: wants a memory cgroup: {error}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    if not may_limit():
        sys.exit(77)
    unittest.main()
