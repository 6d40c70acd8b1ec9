#!/usr/bin/python3
"""Where embedding-server's settings come from, how they are shown and reloaded.

EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import tomllib
import unittest

from server_process import TIMEOUT_SECONDS, ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
EXIT_USAGE = 2


def run_server(*flags, env=None):
    """Runs a server that is expected to end by itself."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("EMB_")}
    return subprocess.run(
        [os.path.join(BIN, "embedding-server"), *flags], capture_output=True,
        text=True, timeout=TIMEOUT_SECONDS, env={**clean, **(env or {})})


class ConfigTest(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-config-")
        self.addCleanup(temp.cleanup)
        self.temp = temp.name
        self.data_dir = os.path.join(self.temp, "data")
        self.file = pathlib.Path(self.temp, "config.toml")

    def printed(self, *flags, env=None):
        """Settings as --print_config shows them: (value, source) by name."""
        done = run_server("--print_config", *flags, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, {
            name: (value, source) for name, value, source in
            re.findall(r"^(\w+) = (.*)  # (.*)$", done.stdout, re.MULTILINE)}


class Layers(ConfigTest):

    def test_each_wins_over_those_before_it(self):
        """All sixteen ways to set or not to set one flag in four layers."""
        for in_file in (False, True):
            self.file.write_text("dim_max = 11\n" if in_file else "")
            for in_environment in (False, True):
                for on_line in (False, True):
                    for by_variable in (False, True):
                        env, flags = {}, []
                        if by_variable:
                            env["EMB_CONFIG"] = str(self.file)
                        else:
                            flags.append(f"--config={self.file}")
                        want = ("65536", "default")
                        if in_file:
                            want = ("11", "file, line 1")
                        if in_environment:
                            env["EMB_DIM_MAX"] = "12"
                            want = ("12", "environment, EMB_DIM_MAX")
                        if on_line:
                            flags += ["--dim_max", "13"]
                            want = ("13", "flag")
                        with self.subTest(flags=flags, env=env,
                                          in_file=in_file):
                            _, got = self.printed(*flags, env=env)
                            self.assertEqual(got["dim_max"], want)

    def test_booleans_on_the_command_line_win_in_either_spelling(self):
        self.file.write_text("insecure = true\n")
        for flag in ("--noinsecure", "--insecure=false"):
            _, got = self.printed(f"--config={self.file}", flag)
            self.assertEqual(got["insecure"], ("false", "flag"))

    def test_what_is_printed_is_read_back(self):
        flags = ["--data_dir=/a \"b\"", "--keep_versions_for=72h",
                 "--insecure", "--tables_max=5"]
        first, settings = self.printed(*flags,
                                       env={"EMB_FOLD_INTERVAL": "90s"})
        # As others read TOML, too.
        toml = tomllib.loads(first)
        self.assertEqual((toml["data_dir"], toml["insecure"],
                          toml["tables_max"]), ('/a "b"', True, 5))
        self.file.write_text(first)
        _, again = self.printed(f"--config={self.file}")
        self.assertEqual({name: value for name, (value, _) in again.items()},
                         {name: value for name, (value, _) in settings.items()})
        self.assertEqual(again["fold_interval"][0], '"1m30s"')
        self.assertTrue(all(source.startswith("file, line ")
                            for _, source in again.values()))

    def test_every_flag_that_says_how_is_printed(self):
        flags = set(re.findall(r"^ *--(\w+) \(", run_server("--help").stdout,
                               re.MULTILINE))
        _, settings = self.printed()
        self.assertEqual(flags - set(settings), {
            "config", "print_config", "check_config", "salvage"})

    def test_the_server_follows_the_file(self):
        self.file.write_text("tables_max = 1\n")
        with ServerProcess(BIN, self.data_dir,
                           [f"--config={self.file}"]) as server:
            create = ("table", "create", "--rows", "4", "--dim", "2")
            server.embctl(*create, "a")
            done = server.embctl(*create, "b", check=False)
            self.assertIn("tables_max", done.stderr)
            self.assertNotEqual(done.returncode, 0)


class Check(ConfigTest):

    def test_makes_nothing(self):
        done = run_server("--check_config", f"--data_dir={self.data_dir}")
        self.assertEqual((done.returncode, done.stdout),
                         (0, "the configuration is in order\n"), done.stderr)
        run_server("--print_config", f"--data_dir={self.data_dir}")
        self.assertFalse(os.path.exists(self.data_dir))

    def test_refuses_what_a_server_would(self):
        data = f"data_dir = '{self.data_dir}'\n"
        cases = [
            ("", "--data_dir"),
            (data + "lisen = 'x'", f"{self.file}:2: lisen: there is no such "
             "key; did you mean listen?"),
            (data + "listen = 5", ":2: listen: found an integer, want"),
            (data + "listen = 'nowhere'", "--listen"),
            (data + "admin_listen = '127.0.0.1:99999'", "--admin_listen"),
            (data + "listen = '0.0.0.0:1'", "--insecure"),
            (data + "fold_interval = '10 minutes'", ":2: fold_interval"),
            (data + "memory_limit = 'lots'", "--memory_limit"),
            (data + "log_level = 'loud'", "--log_level"),
            (data + "drain_delay = '2h'", "--drain_delay"),
            (data + "[limits]", ":2: found a table"),
            (data + "dim_max = ", ":2: "),
        ]
        for text, complaint in cases:
            with self.subTest(text=text):
                self.file.write_text(text)
                flag = f"--config={self.file}"
                done = run_server(flag, "--check_config")
                self.assertEqual(done.returncode, EXIT_USAGE, done.stderr)
                message = json.loads(done.stderr)["message"]
                self.assertIn(complaint, message)
                self.assertEqual(done.stdout, "")
                # The same as without --check_config.
                done = run_server(flag)
                self.assertEqual(done.returncode, EXIT_USAGE, done.stderr)
                self.assertEqual(json.loads(done.stderr)["message"], message)
        self.assertFalse(os.path.exists(self.data_dir))

    def test_refuses_a_file_that_is_not_there(self):
        for path in (self.file, self.temp):
            done = run_server(f"--config={path}", "--check_config",
                              f"--data_dir={self.data_dir}")
            self.assertEqual(done.returncode, EXIT_USAGE)
            self.assertIn(f"{path}: cannot be read", done.stderr)

    def test_there_is_no_fifth_layer(self):
        for flag in ("--flagfile=x", "--fromenv=dim_max", "--undefok=x"):
            done = run_server(flag, f"--data_dir={self.data_dir}")
            self.assertEqual(done.returncode, EXIT_USAGE)
            self.assertIn("there is no such flag", done.stderr)


class Reload(ConfigTest):

    def start(self, text, *flags):
        self.file.write_text(text)
        server = ServerProcess(BIN, self.data_dir,
                               [f"--config={self.file}", *flags])
        self.addCleanup(server.kill)
        return server.start()

    def test_applies_what_is_safe_and_tells_of_the_rest(self):
        server = self.start("dim_max = 64\nfold_interval = '60s'\n")
        self.file.write_text(
            "dim_max = 32\nfold_interval = '1m'\nlog_level = 'error'\n")
        os.kill(server.pid, signal.SIGHUP)
        done = server.wait_for("reloaded")
        self.assertEqual((done["changed"], done["need_restart"]), (1, 1))
        changed = server.wait_for("setting_changed")
        self.assertEqual((changed["setting"], changed["old"], changed["new"]),
                         ("log_level", "info", "error"))
        kept = server.wait_for("setting_needs_restart")
        self.assertEqual((kept["setting"], kept["old"], kept["new"]),
                         ("dim_max", "64", "32"))
        # It was told that it needs a restart, and has none.
        server.embctl("table", "create", "a", "--rows", "4", "--dim", "64")
        server.embctl("table", "drop", "a")
        self.assertEqual(server.stop(), 0)
        # From then on it said nothing of what is no error.
        self.assertEqual(server.events[-1]["event"], "reloaded")

    def test_and_back_again(self):
        server = self.start("")
        self.file.write_text("log_level = 'error'\n")
        os.kill(server.pid, signal.SIGHUP)
        server.wait_for("reloaded")
        self.file.write_text("")
        # The kernel hands out the lower number, SIGHUP, first.
        os.kill(server.pid, signal.SIGHUP)
        self.assertEqual(server.stop(), 0)
        server.wait_for("stopped")
        self.assertEqual(
            [(e["old"], e["new"]) for e in server.events
             if e["event"] == "setting_changed"],
            [("info", "error"), ("error", "info")])

    def test_a_broken_file_changes_nothing(self):
        server = self.start("")
        self.file.write_text("log_level = 'error'\ndim_max = \n")
        os.kill(server.pid, signal.SIGHUP)
        failed = server.wait_for("reload_failed")
        self.assertIn(f"{self.file}:2: ", failed["message"])
        self.file.unlink()
        server.embctl("health")
        self.assertEqual(server.stop(), 0)
        # Still at the level of before.
        server.wait_for("stopped")
        self.assertNotIn("reloaded", [e["event"] for e in server.events])

    def test_nothing_to_change_is_fine(self):
        server = self.start("")
        os.kill(server.pid, signal.SIGHUP)
        done = server.wait_for("reloaded")
        self.assertEqual((done["changed"], done["need_restart"]), (0, 0))


if __name__ == "__main__":
    unittest.main()
