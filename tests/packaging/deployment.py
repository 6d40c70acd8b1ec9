"""What the binary and the image are, for tests of what deploys them.

Standard library only.
"""
import json
import os
import pathlib
import re
import subprocess

DOCKER = pathlib.Path(__file__).parents[2] / "docker"
TIMEOUT_SECONDS = 60
SECONDS_OF = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "": 1}


def seconds(text):
    """Of a duration such as 5s, 1m30s or 0."""
    parts = re.findall(r"([0-9.]+)(h|ms|m|s|)", text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        raise ValueError(f"{text!r}: no duration")
    return sum(float(number) * SECONDS_OF[unit] for number, unit in parts)


def port_of(address):
    return int(address.rpartition(":")[2])


class Binary:
    """embedding-server as it says that it is.

    flags: their defaults, as text.
    version: such as "0.1.0".
    """

    def __init__(self, bin_dir):
        self.path = os.path.join(bin_dir, "embedding-server")
        # Its lines are broken to fit a terminal.
        text = " ".join(self._said("--help").split())
        self.flags = dict(re.findall(
            r'--(\w+) \((?:(?!; default: ).)*; default: "?([^";]*)"?;', text))
        self.version = self._said("--version").split()[1]

    def _said(self, flag):
        return subprocess.run([self.path, flag], capture_output=True,
                              text=True, timeout=TIMEOUT_SECONDS).stdout


class Dockerfile:
    """The last stage of docker/Dockerfile.

    command: the flags that the image starts the server with, as a dict.
    """

    def __init__(self, text):
        last = re.split(r"^FROM ", text.replace("\\\n", " "),
                        flags=re.MULTILINE)[-1]
        self.user = self._only(last, "USER").split(":")[0]
        self.volume = self._only(last, "VOLUME")
        self.ports = {int(port)
                      for port in self._only(last, "EXPOSE").split()}
        self.command = flags_of(json.loads(self._only(last, "CMD")))
        health = self._only(last, "HEALTHCHECK")
        self.health_command = json.loads(health.partition("CMD")[2])

    @staticmethod
    def _only(stage, instruction):
        found = re.findall(rf"^{instruction} +(.*)$", stage, re.MULTILINE)
        if len(found) != 1:
            raise ValueError(f"{instruction}: {len(found)} times, want once")
        return found[0]


def flags_of(arguments):
    """A dict of flags and values; those without a value are "true"."""
    flags = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not name.startswith("--"):
            raise ValueError(f"{argument!r}: no flag")
        flags[name[2:]] = value if equals else "true"
    return flags


def read_dockerfile():
    return Dockerfile((DOCKER / "Dockerfile").read_text())


def drain_seconds(flags, binary):
    """How long SIGTERM may take, with these flags."""
    return sum(seconds(flags.get(name, binary.flags[name]))
               for name in ("drain_delay", "drain_timeout"))
