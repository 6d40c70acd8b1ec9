#!/usr/bin/python3
"""What was acknowledged survives the death of the server, as a whole.

durable_load changes tables in every way, several callers at a time, and
remembers what was acknowledged; the server is killed in the middle of that,
and sometimes again while it starts. Then every version, row, revision, digest
and backup must be there; of a change in flight all or nothing. A row update
that failed is sent again, and is there once.

EMB_BIN_DIR names the directory of embedding-server, embctl and durable_load.
EMB_KILLS       how often the server is killed.
EMB_TEST_SEED   repeats the random choices of a run.
EMB_SLOW_BUILD  makes it fewer kills, for builds with sanitizers.
"""
import collections
import os
import pathlib
import random
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from load_process import LoadProcess, durable_load_flags  # noqa: E402
from server_process import ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
SLOW = bool(os.environ.get("EMB_SLOW_BUILD"))
KILLS = int(os.environ.get("EMB_KILLS", 4 if SLOW else 8))
SEED = int(os.environ.get("EMB_TEST_SEED", random.randrange(2**32)))
CONTROLS_MAX = 200
# The newest backup is restored after so many kills, and after the last.
RESTORE_EVERY = 50
# Enough for changes of every kind to be among them.
MANY_CHANGES = 800
KINDS = {"create", "import", "upsert", "publish", "rollback", "drop", "backup"}


class Kill(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-kill-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.chance = random.Random(SEED)
        self.server = self.new_server("data")
        self.server.start()
        print(f"EMB_TEST_SEED={SEED}")

    def new_server(self, data):
        server = ServerProcess(BIN, self.temp / data,
                               durable_load_flags(self.temp / "backups"))
        self.addCleanup(server.kill)
        return server

    def load(self, *control):
        load = LoadProcess(os.path.join(BIN, "durable_load"), str(SEED),
                           *control)
        self.addCleanup(load.end)
        # Before that: who waits for it needs calls to fail.
        self.addCleanup(self.server.kill)
        return load

    def start_again(self):
        """Perhaps not at the first try."""
        while self.chance.random() < 0.2:
            self.server.start("listening")
            time.sleep(self.chance.uniform(0, 0.05))
            self.server.kill()
        self.server.start()

    def kill_once(self, load, await_backup):
        """What the load says then."""
        load.tell_of("run", self.server)
        if await_backup:
            load.tell("await-backup")
        time.sleep(self.chance.uniform(0.02, 0.5))
        self.assertTrue(self.server.running(), self.server.log_text())
        self.server.kill()
        told = load.tell("wait")
        self.assertEqual(told["refused"], [])
        self.start_again()
        return told | load.tell_of("check", self.server)

    def check_restored(self, load, backup, number):
        """The newest backup, in a server of its own."""
        other = self.new_server(f"restored{number}")
        other.start()
        other.embctl("restore", "load", "--id", str(backup))
        self.assertEqual(load.tell_of("check-backup", other)["lost"], [])
        other.embctl("verify")
        other.kill()

    def test_nothing_acknowledged_is_lost(self):
        load = self.load()
        in_flight = collections.Counter()
        restored = 0
        for kill in range(1, KILLS + 1):
            restore = kill == KILLS or kill % RESTORE_EVERY == 0
            told = self.kill_once(load, restore)
            self.assertEqual(told["lost"], [], f"after kill {kill}")
            in_flight.update(done=told["done"], not_done=told["not_done"])
            if restore:
                self.check_restored(load, told["backup"], kill)
                restored += 1
        self.server.embctl("verify")
        acknowledged = told["acknowledged"]
        total = sum(acknowledged.values())
        kinds = ", ".join(f"{kind} {count:,}"
                          for kind, count in sorted(acknowledged.items()))
        print(f"{KILLS} kills, {total:,} acknowledged changes ({kinds}), "
              f"0 lost; in flight: {in_flight['done']} done, "
              f"{in_flight['not_done']} not, 0 by half; {restored} backups "
              "restored")
        if total >= MANY_CHANGES:
            self.assertEqual(set(acknowledged), KINDS)

    def control(self, flag):
        load = self.load(flag)
        for kill in range(1, CONTROLS_MAX + 1):
            lost = self.kill_once(load, False)["lost"]
            if lost:
                print(f"control {flag}: after {kill} kills {lost[0]}")
                return
        self.fail(f"the load does not notice {flag}")

    def test_control_what_failed_is_counted(self):
        self.control("--count-failed")

    def test_control_tables_are_published_in_turn(self):
        self.control("--publish-one-by-one")


if __name__ == "__main__":
    unittest.main()
