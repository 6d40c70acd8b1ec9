"""A server of a test's own, on free ports and a directory that it is given.

    with ServerProcess(bin_dir, data_dir) as server:
        server.embctl("table", "create", "t", "--rows", "4", "--dim", "2")
        ...
        assert server.stop() == 0

Standard library only.
"""
import collections
import json
import os
import signal
import subprocess
import threading
import time
import urllib.request

# How long anything may take before a test gives up on it; never slept.
TIMEOUT_SECONDS = 60


class ServerProcess:
    """Starts embedding-server and follows its log.

    data_address, admin_address, http_address: HOST:PORT, once it is started.
    events: its log so far, a list of dicts in order.

    One object may be started again after stop or kill; ports then differ.
    """

    # A command that becomes the server, for tests that put it somewhere.
    prefix = ()

    def __init__(self, bin_dir, data_dir, flags=()):
        self.bin_dir = str(bin_dir)
        self.data_dir = str(data_dir)
        self.flags = list(flags)
        self.data_address = None
        self.admin_address = None
        self.http_address = None
        self.events = []
        self._process = None
        self._reader = None
        self._changed = threading.Condition()
        self._other_lines = []
        self._log_ended = False
        self._benches = []

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    def start(self, wait_until="serving"):
        """Starts it and waits for this event of its log."""
        assert self._process is None or self._process.poll() is not None
        with self._changed:
            self.events = []
            self._other_lines = []
            self._log_ended = False
        self._process = subprocess.Popen(
            [*self.prefix, os.path.join(self.bin_dir, "embedding-server"),
             f"--data_dir={self.data_dir}", "--listen=127.0.0.1:0",
             "--admin_listen=127.0.0.1:0", "--http_listen=127.0.0.1:0",
             "--drain_delay=0s", *self.flags],
            stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        try:
            listening = self.wait_for("listening")
            self.data_address = listening["data"]
            self.admin_address = listening["admin"]
            self.http_address = listening["http"]
            self.wait_for(wait_until)
        except BaseException:
            self.kill()
            raise
        return self

    def wait_for(self, event, timeout=TIMEOUT_SECONDS):
        """The first event of this name, as soon as it is logged."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for entry in self.events:
                    if entry.get("event") == event:
                        return entry
                left = deadline - time.monotonic()
                if self._log_ended or left <= 0:
                    why = "it ended" if self._log_ended else "timed out"
                    raise AssertionError(
                        f'embedding-server: no event "{event}", {why}; its '
                        f"log:\n{self.log_text()}")
                self._changed.wait(left)

    def stop(self, timeout=TIMEOUT_SECONDS):
        """Sends SIGTERM and returns the exit status."""
        return self._end(signal.SIGTERM, timeout)

    def stop_impatiently(self, timeout=TIMEOUT_SECONDS):
        """Sends SIGTERM again and again; returns the exit status."""
        deadline = time.monotonic() + timeout
        while self._process.poll() is None and time.monotonic() < deadline:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(0.1)
            except subprocess.TimeoutExpired:
                pass
        return self._end(None, 0.1)

    def wait(self, timeout=TIMEOUT_SECONDS):
        """Its exit status, once it ends by itself."""
        return self._end(None, timeout)

    def kill(self):
        """Ends it at once, if it runs; returns the exit status or None."""
        while self._benches:
            bench = self._benches.pop()
            bench.kill()
            bench.communicate()
        if self._process is None:
            return None
        return self._end(signal.SIGKILL, TIMEOUT_SECONDS)

    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def start_bench(self, *args):
        """Lookups by embctl bench, which end with the server at the latest."""
        bench = subprocess.Popen(
            [os.path.join(self.bin_dir, "embctl"), "--server",
             self.data_address, "--admin", self.admin_address, "--json",
             "bench", *map(str, args)], stdout=subprocess.PIPE, text=True)
        self._benches.append(bench)
        return bench

    def finish_bench(self, bench, seconds):
        """Its report, once it has measured for so long."""
        out, _ = bench.communicate(timeout=TIMEOUT_SECONDS + 10 * seconds)
        self._benches.remove(bench)
        return json.loads(out)

    def metrics(self):
        """What /metrics has by name: the sum over labels."""
        sums = collections.Counter()
        with urllib.request.urlopen(f"http://{self.http_address}/metrics",
                                    timeout=TIMEOUT_SECONDS) as page:
            for line in page.read().decode().splitlines():
                if not line.startswith("#"):
                    sample, value = line.rsplit(" ", 1)
                    sums[sample.partition("{")[0]] += float(value)
        return sums

    def memory(self, field):
        """In bytes: VmRSS, or VmHWM, the most it was."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            (line,) = (l for l in status if l.startswith(field))
        return int(line.split()[1]) * 1024

    def growth(self, *command):
        """What embctl made of it, and by how much memory grew at most."""
        with open(f"/proc/{self.pid}/clear_refs", "w",
                  encoding="ascii") as clear:
            clear.write("5")  # VmHWM begins anew.
        before = self.memory("VmRSS")
        done = self.embctl(*command, check=False)
        return done, self.memory("VmHWM") - before

    def embctl(self, *args, check=True):
        """Runs embctl on this server; its output is captured as text."""
        done = subprocess.run(
            [os.path.join(self.bin_dir, "embctl"), "--server",
             self.data_address, "--admin", self.admin_address, *args],
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        if check and done.returncode != 0:
            raise AssertionError(
                f"embctl {' '.join(args)}: exit status {done.returncode}\n"
                f"{done.stdout}{done.stderr}")
        return done

    def log_text(self):
        """Everything it wrote to stderr: events first, then other lines."""
        return "\n".join(
            [json.dumps(entry) for entry in self.events] + self._other_lines)

    def _read_log(self):
        for line in self._process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            with self._changed:
                if isinstance(entry, dict):
                    self.events.append(entry)
                else:
                    self._other_lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._log_ended = True
            self._changed.notify_all()

    def _end(self, number, timeout):
        if number is not None:
            self._process.send_signal(number)
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(
                f"embedding-server: still there {timeout} s after signal "
                f"{number}; its log:\n{self.log_text()}") from None
        finally:
            self._reader.join()
            self._process.stderr.close()
