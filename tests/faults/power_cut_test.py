#!/usr/bin/python3
"""What was acknowledged survives the end of power.

The data directory is in a file system of its own, in a file on btrfs: a
reflink copy of that file, made in one step while the server writes, holds what
a disk would hold after a power cut.

Wants root, loop devices and mkfs.btrfs; skipped without.
EMB_BIN_DIR names the directory of embedding-server, embctl and durable_load.
EMB_POWER_CUTS  how often power is cut (default 3).
EMB_TEST_SEED   repeats the random choices of a run.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from load_process import LoadProcess, durable_load_flags  # noqa: E402
from rows_oracle import RowsOracle  # noqa: E402
from server_process import ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
CUTS = int(os.environ.get("EMB_POWER_CUTS", "3"))
SEED = int(os.environ.get("EMB_TEST_SEED", random.randrange(2**32)))

def run(*args):
    subprocess.run([str(arg) for arg in args], check=True,
                   capture_output=True)

def run_mount(image, where):
    where.mkdir(exist_ok=True)
    run("mount", "-o", "loop", image, where)

class PowerCut(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-power-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        outer = self.temp / "outer.img"
        run("truncate", "-s", "1G", outer)
        run("mkfs.btrfs", "-q", outer)
        self.images = self.temp / "images"
        run_mount(outer, self.images)
        self.addCleanup(run, "umount", "-l", self.images)
        self.disk = self.images / "disk.img"
        run("truncate", "-s", "300M", self.disk)
        run("mkfs.ext4", "-q", self.disk)
        self.live = self.temp / "live"
        run_mount(self.disk, self.live)
        self.addCleanup(run, "umount", "-l", self.live)

    def start(self, where, *flags):
        server = ServerProcess(BIN, where / "data", flags)
        self.addCleanup(server.kill)
        return server.start()

    def write(self, server, table, stop):
        """The row's value is the revision that it makes."""
        while not stop.is_set():
            self.assertEqual(
                table.set(server, table.revision + 1).returncode, 0)
            self.written.set()

    def cut(self, number, disk=None):
        """The directory as it is after a cut of power now."""
        image = self.images / f"cut{number}.img"
        run("cp", "--reflink=always", disk or self.disk, image)
        where = self.temp / f"cut{number}"
        run_mount(image, where)
        return image, where

    def lost_in_cut(self, number, table):
        """How many acknowledged updates a server does not have after it."""
        self.written.clear()
        self.assertTrue(self.written.wait(60))
        acknowledged = table.revision  # Before the cut.
        image, where = self.cut(number)
        later = table.revision + 1  # Possibly durable, not yet counted.
        server = self.start(where)
        try:
            found = RowsOracle(self.temp, table.name, table.rows)
            found.revision = self.revision_of(server, table)
            found.value = found.revision or None  # As made: zeros.
            found.check(self, server)
            self.assertLessEqual(found.revision, later)
            server.embctl("verify")
        finally:
            server.kill()
            run("umount", where)
            image.unlink()
        return max(0, acknowledged - found.revision)

    def revision_of(self, server, table):
        described = server.embctl("table", "describe", table.name, "--json")
        return json.loads(described.stdout)["revision"]

    def losses(self, cuts, *flags):
        server = self.start(self.live, *flags)
        table = RowsOracle(self.temp, "t", 20)
        table.create(server)
        self.written = threading.Event()
        stop = threading.Event()
        writer = threading.Thread(target=self.write,
                                  args=(server, table, stop))
        writer.start()
        chance = random.Random(SEED)
        lost = []
        try:
            for number in range(cuts):
                for _ in range(chance.randrange(5)):
                    self.written.clear()
                    self.assertTrue(self.written.wait(60))
                lost.append(self.lost_in_cut(number, table))
        finally:
            stop.set()
            writer.join()
        self.acknowledged = table.acknowledged
        return lost

    def test_loses_nothing_acknowledged(self):
        print(f"EMB_TEST_SEED={SEED}")
        self.assertEqual(self.losses(CUTS), [0] * CUTS)
        print(f"{CUTS} power cuts, {self.acknowledged} acknowledged updates, "
              "0 lost")

    def start_for_load(self, where):
        return self.start(where, *durable_load_flags(where / "backups"))

    def test_changes_of_every_kind_survive(self):
        """The server stands still while the disk is copied: whatever it has
        acknowledged by then must be on it. The next one goes on from there."""
        load = LoadProcess(os.path.join(BIN, "durable_load"), str(SEED))
        self.addCleanup(load.end)
        chance = random.Random(SEED)
        disk, where = self.disk, self.live
        server = self.start_for_load(where)
        for number in range(CUTS):
            load.tell_of("run", server)
            time.sleep(chance.uniform(0.02, 0.5))
            os.kill(server.pid, signal.SIGSTOP)
            last = disk, where
            disk, where = self.cut(number, disk)
            server.kill()
            told = load.tell("wait")
            self.assertEqual(told["refused"], [])
            server = self.start_for_load(where)
            told |= load.tell_of("check", server)
            self.assertEqual(told["lost"], [], f"after cut {number}")
            self.put_away(*last)
        server.embctl("verify", "--bytes-per-second", "0")
        server.kill()
        self.put_away(disk, where)
        acknowledged = sum(told["acknowledged"].values())
        self.assertGreaterEqual(acknowledged, CUTS)
        print(f"{CUTS} power cuts, {acknowledged} acknowledged changes of "
              "every kind, 0 lost")

    def put_away(self, image, where):
        """What the next cut has taken the place of."""
        if image != self.disk:
            run("umount", where)
            image.unlink()

    def test_control_without_sync_loses(self):
        lost = self.losses(2, "--durability=async")
        print(f"without sync: {lost} of {self.acknowledged} updates lost")
        self.assertGreater(sum(lost), 0)

def missing():
    if os.geteuid() != 0:
        return "root"
    if shutil.which("mkfs.btrfs") is None:
        return "mkfs.btrfs (package btrfs-progs)"
    if not pathlib.Path("/dev/loop-control").exists():
        return "loop devices"
    return None

if __name__ == "__main__":
    if missing():
        print(f"SKIPPED: wants {missing()}", file=sys.stderr)
        sys.exit(77)
    unittest.main()
