"""A program that makes load and obeys commands, a line each.

Standard library only.
"""
import json
import subprocess

TIMEOUT_SECONDS = 60


class LoadProcess:

    def __init__(self, *command):
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *words):
        """Its answer to a command."""
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"it ended on {words}: {self._process.poll()}"
        return json.loads(answer)

    def end(self):
        self._process.stdin.close()
        self._process.wait(TIMEOUT_SECONDS)
        self._process.stdout.close()
