#!/usr/bin/env bash
# Runs a command beside a server of its own, on free ports of the loopback and
# a temporary directory. The command finds the server through EMB_SERVER and
# EMB_ADMIN, its process in EMB_SERVER_PID, and the binaries on its PATH; both
# are gone when it ends.
#
#   with_server.sh BIN_DIR COMMAND [ARG ...]
set -euo pipefail

bin=$(cd "$1" && pwd)
shift
work=$(mktemp -d)
server=
cleanup() {
  # timeout(1) signals twice.
  trap '' INT TERM
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

# The ports are the system's choice and stand in the log.
mkfifo "$work/log"
"$bin/embedding-server" --data_dir="$work/data" --listen=127.0.0.1:0 \
  --admin_listen=127.0.0.1:0 --drain_delay=0s 2>"$work/log" &
server=$!
exec 3<"$work/log"
serving=
while read -r line <&3; do
  case $line in
    *'"event":"listening"'*)
      EMB_SERVER=$(sed 's/.*"data":"\([^"]*\)".*/\1/' <<<"$line")
      EMB_ADMIN=$(sed 's/.*"admin":"\([^"]*\)".*/\1/' <<<"$line")
      ;;
    *'"event":"serving"'*)
      serving=yes
      break
      ;;
    *) echo "$line" >&2 ;;
  esac
done
[[ -n $serving ]] || { echo "embedding-server did not start" >&2; exit 1; }
cat <&3 >"$work/later.log" &
export EMB_SERVER EMB_ADMIN EMB_SERVER_PID=$server PATH="$bin:$PATH"
"$@"
