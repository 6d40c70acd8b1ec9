"""A program that makes load and obeys commands, a line each.

Standard library only.
"""
import json
import subprocess
import threading

TIMEOUT_SECONDS = 60
# A call of the load may take minutes on a machine that is too busy.
ANSWER_SECONDS = 900


def durable_load_flags(backups):
    """Of a server that durable_load changes: what its oracle keeps of versions,
    and tables folded as often as there is anything to fold."""
    return [f"--backup_dir={backups}", "--keep_versions=3",
            "--fold_interval=0s"]


class LoadProcess:

    def __init__(self, *command):
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *words):
        """Its answer to a command; it is ended if there is none."""
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        patience = threading.Timer(ANSWER_SECONDS, self._process.kill)
        patience.start()
        answer = self._process.stdout.readline()
        patience.cancel()
        assert answer, f"it ended on {words}: {self._process.poll()}"
        return json.loads(answer)

    def tell_of(self, command, server):
        """The same of a command about a server."""
        answer = self.tell(command, server.data_address, server.admin_address)
        assert "error" not in answer, answer
        return answer

    def end(self):
        self._process.stdin.close()
        try:
            self._process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
