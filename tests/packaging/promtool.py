"""Prometheus' own checker: on the path, or where ./dev puts it."""
import pathlib
import shutil
import subprocess
import sys

FETCHED = pathlib.Path(__file__).parents[2] / "build/tools/promtool"
TIMEOUT_SECONDS = 120


def find():
    return shutil.which("promtool") or shutil.which(FETCHED)


def find_or_skip():
    tool = find()
    if tool is None:
        print("SKIPPED: wants promtool, of Debian's prometheus; ./dev test "
              "fetches it", file=sys.stderr)
        sys.exit(77)
    return tool


def run(tool, *args, text=None):
    """Its exit status and what it says."""
    done = subprocess.run([tool, *map(str, args)], input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=TIMEOUT_SECONDS)
    return done.returncode, done.stdout
