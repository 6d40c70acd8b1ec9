#!/usr/bin/python3
"""What embedding-server does with flags, directories, signals and damage.

EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from server_process import TIMEOUT_SECONDS, ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
EXIT_FAILURE, EXIT_USAGE = 1, 2
EXIT_UNAVAILABLE, EXIT_DATA_LOSS, EXIT_UNAUTHENTICATED = 8, 10, 12


def run_server(*flags, env=None):
    """Runs a server that is expected to end by itself."""
    return subprocess.run(
        [os.path.join(BIN, "embedding-server"), *flags], capture_output=True,
        text=True, timeout=TIMEOUT_SECONDS, env={**os.environ, **(env or {})})


def digests(directory):
    """Every file below a directory, but those that say who opened it."""
    return {
        str(path.relative_to(directory)):
            hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pathlib.Path(directory).rglob("*")
        if path.is_file() and not path.name.startswith("LO")  # LOCK, LOG*
    }


class ServerTest(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-startup-")
        self.addCleanup(temp.cleanup)
        self.temp = temp.name
        self.data_dir = os.path.join(self.temp, "data")

    def server(self, *flags):
        server = ServerProcess(BIN, self.data_dir, flags)
        self.addCleanup(server.kill)
        return server

    def assert_refused(self, done, status, *texts):
        self.assertEqual(done.returncode, status, done.stderr)
        for text in texts:
            self.assertIn(text, done.stderr)


class Flags(ServerTest):

    def test_says_what_it_is(self):
        self.assertIn("--data_dir", run_server("--help").stdout)
        self.assertEqual(run_server("-h").stdout, run_server("--help").stdout)
        version = run_server("--version")
        self.assertRegex(version.stdout, r"^embedding-server \d+\.\d+\.\d+\n$")
        self.assertEqual(version.returncode, 0)

    def test_refuses_bad_ones_and_makes_nothing(self):
        data = f"--data_dir={self.data_dir}"
        cases = [
            ([], EXIT_USAGE, "--data_dir"),
            ([data, "stray"], EXIT_USAGE, "stray"),
            ([data, "--no_such_flag"], EXIT_USAGE, "no_such_flag"),
            (["--data-dir=x"], EXIT_USAGE, "did you mean --data_dir?"),
            ([data, "--listen_addr", "x"], EXIT_USAGE,
             "did you mean --listen?"),
            ([data, "-listne=x"], EXIT_USAGE, "did you mean --listen?"),
            ([data, "--drain_delay=soon"], EXIT_FAILURE, "drain_delay"),
            ([data, "--listen=127.0.0.1:99999"], EXIT_USAGE, "--listen"),
            ([data, "--listen=nowhere"], EXIT_USAGE, "--listen"),
            ([data, "--admin_listen=[::1:5"], EXIT_USAGE, "--admin_listen"),
            ([data, "--listen=0.0.0.0:0"], EXIT_USAGE, "--insecure"),
            ([data, "--memory_limit=lots"], EXIT_USAGE, "--memory_limit"),
            ([data, "--request_bytes_max=1"], EXIT_USAGE,
             "--request_bytes_max"),
            ([data, "--tables_max=0"], EXIT_USAGE, "--tables_max"),
            ([data, "--import_idle_timeout=0s"], EXIT_USAGE,
             "--import_idle_timeout"),
            ([data, "--tls_cert=/nowhere"], EXIT_USAGE,
             "--tls_key: not given"),
            ([data, "--tls_client_ca=/nowhere"], EXIT_USAGE,
             "--tls_cert: not given"),
            ([data, "--token_file=/nowhere"], EXIT_USAGE,
             '--token_file \\"/nowhere\\": No such file'),
        ]
        for flags, status, text in cases:
            with self.subTest(flags=flags):
                self.assert_refused(run_server(*flags), status, text)
        done = run_server(data, env={"EMB_LOAD_THREADS": "many"})
        self.assert_refused(done, EXIT_USAGE, "EMB_LOAD_THREADS")
        self.assertFalse(os.path.exists(self.data_dir))

    def test_tokens_do_not_travel_in_plain_text(self):
        tokens = pathlib.Path(self.temp, "tokens.toml")
        tokens.write_text(f"""[[token]]
            name = "a"
            role = "read"
            sha256 = "{hashlib.sha256(b'secret').hexdigest()}"
            """)
        flags = [f"--data_dir={self.data_dir}", f"--token_file={tokens}"]
        self.assert_refused(run_server(*flags, "--listen=0.0.0.0:0"),
                            EXIT_USAGE, "--listen", "in plain text")
        # The control.
        with self.server(f"--token_file={tokens}") as server:
            done = server.embctl("status", check=False)
            self.assertEqual(done.returncode, EXIT_UNAUTHENTICATED)

    def test_the_command_line_beats_the_environment(self):
        env = {"EMB_LISTEN": "nowhere", "EMB_DATA_DIR": self.data_dir}
        self.assert_refused(run_server(env=env), EXIT_USAGE, "nowhere")
        self.assert_refused(run_server("--listen=elsewhere", env=env),
                            EXIT_USAGE, "elsewhere")

    def test_warns_of_variables_that_nothing_reads(self):
        env = {"EMB_DATADIR": "x", "EMB_COLOUR": "red", "EMB_SERVER": "x:1",
               "EMB_TLS_CA": "x", "EMB_LISTEN": "nowhere",
               "EMB_DATA_DIR": self.data_dir}
        done = run_server(env=env)
        self.assert_refused(done, EXIT_USAGE, '"variable":"EMB_DATADIR"',
                            "did you mean EMB_DATA_DIR?",
                            '"variable":"EMB_COLOUR"')
        self.assertEqual(done.stderr.count("unknown_variable"), 2)

    def test_an_address_in_use_is_refused_by_name(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assert_refused(
                run_server(f"--data_dir={self.data_dir}",
                           f"--listen={address}"),
                EXIT_FAILURE, "--listen", address)


class Directory(ServerTest):

    def test_a_second_server_is_refused_and_the_first_goes_on(self):
        first = self.server().start()
        done = run_server(f"--data_dir={self.data_dir}",
                          "--listen=127.0.0.1:0", "--admin_listen=127.0.0.1:0")
        self.assert_refused(done, EXIT_FAILURE, "in use by process",
                            str(first.pid))
        first.embctl("health")

    def test_foreign_files_are_refused_and_left_alone(self):
        os.mkdir(self.data_dir)
        pathlib.Path(self.data_dir, "thesis.tex").write_text("precious")
        before = digests(self.data_dir)
        done = run_server(f"--data_dir={self.data_dir}")
        self.assert_refused(done, EXIT_FAILURE, "thesis.tex")
        self.assertEqual(digests(self.data_dir), before)

    def test_a_file_is_no_directory(self):
        pathlib.Path(self.data_dir).write_text("")
        self.assert_refused(run_server(f"--data_dir={self.data_dir}"),
                            EXIT_FAILURE, self.data_dir)

    def test_a_damaged_store_is_refused_and_not_made_anew(self):
        with self.server() as server:
            server.embctl("table", "create", "t", "--rows", "4", "--dim", "2")
            self.assertEqual(server.stop(), 0)
        store = pathlib.Path(self.data_dir, "rocksdb")
        good = os.path.join(self.temp, "good")
        shutil.copytree(self.data_dir, good)
        manifest = next(store.glob("MANIFEST-*"))
        damages = {
            "CURRENT is gone": lambda: (store / "CURRENT").unlink(),
            "MANIFEST is cut": lambda: os.truncate(manifest, 10),
            "CURRENT is rubbish":
                lambda: (store / "CURRENT").write_text("rubbish"),
        }
        for name, damage in damages.items():
            with self.subTest(name):
                shutil.rmtree(self.data_dir)
                shutil.copytree(good, self.data_dir)
                damage()
                before = digests(self.data_dir)
                self.assert_refused(run_server(f"--data_dir={self.data_dir}"),
                                    EXIT_FAILURE, "DATA_LOSS")
                self.assertEqual(digests(self.data_dir), before)

    def test_a_flipped_bit_takes_down_its_table_alone(self):
        with self.server() as server:
            # Of 3 MiB: it has a file of its own.
            server.embctl("table", "create", "large", "--rows", "12288",
                          "--dim", "64")
            server.embctl("table", "create", "small", "--rows", "4", "--dim",
                          "2")
            self.assertEqual(server.stop(), 0)
        largest = max(pathlib.Path(self.data_dir, "rocksdb").glob("*.sst"),
                      key=lambda path: path.stat().st_size)
        with open(largest, "r+b") as file:
            file.seek(1 << 20)
            byte = file.read(1)[0]
            file.seek(1 << 20)
            file.write(bytes([byte ^ 4]))
        with self.server() as server:
            done = server.embctl("lookup", "large", "0", check=False)
            self.assertEqual(done.returncode, EXIT_DATA_LOSS, done.stderr)
            self.assertIn('table "large" v1', done.stderr)
            self.assertIn("damaged",
                          server.embctl("table", "describe", "large").stdout)
            server.embctl("lookup", "small", "0")
            server.embctl("table", "drop", "large")
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertNotIn("large", server.embctl("table", "list").stdout)


class Signals(ServerTest):

    def test_sigterm_and_sigint_end_it_in_good_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), self.server() as server:
                os.kill(server.pid, number)
                server.wait_for("draining")
                self.assertEqual(server.wait(), 0)

    def test_while_it_drains_it_answers_but_is_not_healthy(self):
        with self.server("--drain_delay=60s") as server:
            server.embctl("table", "create", "t", "--rows", "4", "--dim", "2")
            os.kill(server.pid, signal.SIGTERM)
            server.wait_for("draining")
            for service in ("", "embedding.v1.EmbeddingService"):
                done = server.embctl("health", *filter(None, [service]),
                                     check=False)
                self.assertEqual(done.returncode, EXIT_UNAVAILABLE)
            server.embctl("lookup", "t", "3")
            self.assertIn("draining", server.embctl("status").stdout)

    def test_two_signals_at_once_are_one(self):
        # As timeout(1) sends them: to the process and to its group.
        with self.server("--drain_delay=0.5s") as server:
            os.kill(server.pid, signal.SIGTERM)
            server.wait_for("signal")
            os.kill(server.pid, signal.SIGTERM)
            self.assertEqual(server.wait(), 0)
            server.wait_for("stopped")

    def test_a_second_signal_does_not_wait(self):
        with self.server("--drain_delay=60s") as server:
            os.kill(server.pid, signal.SIGTERM)
            server.wait_for("draining")
            # Until one is late enough to be a second request.
            self.assertNotEqual(server.stop_impatiently(), 0)
            server.wait_for("stopped_at_once")


if __name__ == "__main__":
    unittest.main()
