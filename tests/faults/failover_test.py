#!/usr/bin/python3
"""Two servers, of which one at a time restarts or dies: no lookup fails, and
every answer is right, whether it is a call, large or small, asynchronous or on
a stream. Without retries some fail.

EMB_BIN_DIR names the directory of embedding-server, embctl and failover_load.
EMB_ROLLING_RESTARTS  how often both servers restart in turn, and
EMB_ROLLING_LOOKUPS   how many lookups there are meanwhile, at least.
EMB_FAILOVER_KILLS    how often one of them is killed.
"""
import os
import pathlib
import signal
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
import npy  # noqa: E402
from load_process import LoadProcess  # noqa: E402
from server_process import ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
RESTARTS = int(os.environ.get("EMB_ROLLING_RESTARTS", "2"))
LOOKUPS = int(os.environ.get("EMB_ROLLING_LOOKUPS", "1000"))
KILLS = int(os.environ.get("EMB_FAILOVER_KILLS", "4"))
CONTROLS_MAX = 50
ROWS, DIM = 4096, 8
# A client uses a server that came back after so long.
RECONNECT_SECONDS = 5
# Longer than a client takes to find the server that was restarted before.
DRAIN_DELAY = "1500ms"


class Load(LoadProcess):
    """Lookups of all kinds, for as long as it lives."""

    def __init__(self, target, *flags):
        super().__init__(os.path.join(BIN, "failover_load"), target, *flags)

    def counts(self):
        return self.tell("counts")

    def await_answers(self, server, seconds):
        """Waits until the server answers; returns the seconds it took."""
        answer = self.tell(f"await {server.epoch} 20 {seconds}")
        assert answer["reached"], f"not used again within {seconds} s"
        return answer["seconds"]

    def errors(self):
        return {error: count for kind in self.counts().values()
                for error, count in kind["errors"].items()}

    def answered(self):
        return sum(kind["answered"] for kind in self.counts().values())


def stop_amid_lookups(server):
    """Lookups pile up in a server that stands still, and are being answered
    when it stops."""
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(0.1)  # How long it stands still, not a wait.
    os.kill(server.pid, signal.SIGCONT)
    server.stop()


class Failover(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-failover-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        rows = self.temp / "rows.npy"
        npy.write(rows, "f", [ROWS, DIM], [float(i) for i in range(ROWS * DIM)])
        self.servers = [self.start(number, rows) for number in range(2)]
        self.target = "ipv4:" + ",".join(
            server.data_address for server in self.servers)

    def start(self, number, rows):
        # No port of 127.0.0.1, which may become that of a client's socket
        # while its server is away.
        host = f"127.0.0.{number + 2}"
        server = ServerProcess(BIN, self.temp / str(number),
                               [f"--listen={host}:0"])
        self.addCleanup(server.kill)
        server.start()
        # The same port ever after.
        server.flags = [f"--listen={server.data_address}"]
        server.embctl("table", "import", "item", str(rows))
        server.epoch = 1
        # Epochs tell one from the other.
        for _ in range(number):
            server.embctl("table", "create", "other", "--rows", "1", "--dim",
                          "1")
            server.epoch += 1
        return server

    def load(self, *flags):
        load = Load(self.target, *flags)
        self.addCleanup(load.end)
        for server in self.servers:
            load.await_answers(server, 60)
        return load

    def set_drain(self, *flags):
        """Applies when a server is started again."""
        for server in self.servers:
            server.flags += flags
            self.assertEqual(server.stop(), 0)
            server.start()

    def assert_no_failure(self, load):
        counts = load.counts()
        for kind in "unary", "large", "async", "stream":
            self.assertGreater(counts[kind]["answered"], 0, kind)
            self.assertEqual(counts[kind]["errors"], {}, counts)
            self.assertEqual(counts[kind]["wrong"], 0, counts)
        return ", ".join(
            f"{kind}: {of['answered']} answered, p99 {of['p99_ms']:.1f} ms, "
            f"max {of['max_ms']:.0f} ms" for kind, of in counts.items())

    def test_nothing_fails_in_rolling_restarts(self):
        self.set_drain(f"--drain_delay={DRAIN_DELAY}")
        load = self.load()
        restarts = 0
        start = time.monotonic()
        while restarts < RESTARTS or load.answered() < LOOKUPS:
            for server in self.servers:
                self.assertEqual(server.stop(), 0)
                server.start()
            restarts += 1
        seconds = time.monotonic() - start
        print(f"{restarts} rolling restarts in {seconds:.0f} s, 0 of "
              f"{load.answered()} lookups failed; "
              + self.assert_no_failure(load))

    def test_nothing_fails_when_one_is_killed(self):
        load = self.load()
        deaths, returns = [], []
        for i in range(KILLS):
            server = self.servers[i % 2]
            start = time.monotonic()
            server.kill()
            deaths.append(time.monotonic() - start)
            server.start()
            returns.append(load.await_answers(server, RECONNECT_SECONDS))
        told = self.assert_no_failure(load)
        print(f"{KILLS} kills, 0 of {load.answered()} lookups failed; dead "
              f"after {max(deaths):.2f} s and used again after "
              f"{max(returns):.2f} s at most; {told}")

    def control(self, end):
        """Ends and starts servers in turn until lookups fail."""
        load = self.load("--control")
        for i in range(CONTROLS_MAX):
            server = self.servers[i % 2]
            end(server)
            server.start()
            load.await_answers(server, RECONNECT_SECONDS)
            if load.errors():
                print(f"control: {load.errors()} in {i + 1} rounds")
                return
        self.fail("the load does not notice that servers go away")

    def test_control_without_retries_kills_are_noticed(self):
        self.control(ServerProcess.kill)

    def test_control_without_drain_and_retries_stops_are_noticed(self):
        self.set_drain("--drain_delay=0s", "--drain_timeout=0s")
        self.control(stop_amid_lookups)


if __name__ == "__main__":
    unittest.main()
