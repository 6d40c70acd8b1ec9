"""Control groups of a test's own, version 1 or 2, that hold a server.

Standard library only; wants root.
"""
import errno
import itertools
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))
from server_process import ServerProcess  # noqa: E402

ROOT = pathlib.Path("/sys/fs/cgroup")
CPU_PERIOD_US = 10_000
NUMBERS = itertools.count()


class Cgroup:
    """OSError: this machine has none to give."""

    def __init__(self, controller, settings_1, settings_2):
        first = (ROOT / controller).is_dir()
        parent = ROOT / controller if first else ROOT
        self.path = parent / f"emb-test-{os.getpid()}-{next(NUMBERS)}"
        self.path.mkdir()
        try:
            for file, value in (settings_1 if first else settings_2).items():
                self.write(file, value)
        except OSError:
            self.path.rmdir()
            raise

    def write(self, file, value):
        if not (self.path / file).exists():
            raise OSError(errno.ENOENT, file)
        (self.path / file).write_text(str(value))

    def prefix(self):
        """A command that is in it and becomes another."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"',
                str(self.path / "cgroup.procs")]

    def remove(self):
        """Once no process is in it."""
        self.path.rmdir()


class MemoryCgroup(Cgroup):

    def __init__(self, limit):
        super().__init__("memory", {"memory.limit_in_bytes": limit},
                         {"memory.max": limit})
        # Killed where others would be swapped out.
        for file in "memory.swappiness", "memory.swap.max":
            if (self.path / file).exists():
                self.write(file, 0)

    def kills(self):
        """How many of its processes were killed for their memory."""
        for file in "memory.oom_control", "memory.events":
            if (self.path / file).exists():
                lines = (self.path / file).read_text().splitlines()
                return int(dict(line.split() for line in lines)["oom_kill"])
        raise OSError(errno.ENOENT, "memory.events")


class CpuCgroup(Cgroup):

    def __init__(self, share):
        """Of one CPU."""
        quota = int(CPU_PERIOD_US * share)
        super().__init__(
            "cpu",
            {"cpu.cfs_period_us": CPU_PERIOD_US, "cpu.cfs_quota_us": quota},
            {"cpu.max": f"{quota} {CPU_PERIOD_US}"})


class LimitedServer(ServerProcess):
    """In the cgroup, with all that it has ever taken."""

    def __init__(self, cgroup, *args):
        super().__init__(*args)
        self.prefix = cgroup.prefix()


def is_there(make):
    """Whether such a cgroup can be made and entered; if not says so."""
    try:
        cgroup = make()
        try:
            subprocess.run([*cgroup.prefix(), "true"], check=True)
        finally:
            cgroup.remove()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"SKIPPED: wants a cgroup: {error}", file=sys.stderr)
        return False
    return True
