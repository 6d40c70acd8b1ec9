#!/usr/bin/env bash
# Measures every goal for speed beside its peer, and judges it: peer_bench.cc
# and goals.cc say how. Called by `./dev bench peers`.
#
#   bench/peers/run.sh BIN_DIR [--pin] [--quick] [--json] [FLAGS OF peer_bench]
#
# --pin gives the first half of the CPUs to the servers and the second to the
# caller, as if it were another machine. Without, the scheduler may put caller
# and server on one CPU, where a bare TCP program is at two to four times its
# speed: there a request is a change of threads, and answers never leave the
# cache. The slowest and fastest slice of it say whether it was so.
#
# It takes about six minutes, or one to two with --quick.
#
# First, with nothing else running, the kernels beside PyTorch's and restarts
# beside dd; then all servers side by side. Everything has free ports of the
# loopback and a temporary directory, and is gone at the end.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  echo "bench/peers: $*" >&2
  exit 1
}

bin=$1
shift
# Full: tables of a GiB restart, so that starting the process counts little.
restart_rows=4000000
num_rounds=5
slice_seconds=0.7
export BENCH_PIN=
flags=()
for argument in "$@"; do
  case $argument in
    --pin) BENCH_PIN=yes ;;
    --quick)
      restart_rows=1000000
      num_rounds=3
      slice_seconds=0.2
      ;;&
    *) flags+=("$argument") ;;
  esac
done

# Nothing is measured where something is missing.
command -v redis-server >/dev/null ||
  fail "no redis-server: install the Debian package redis-server"
/usr/bin/python3 -c 'import torch' 2>/dev/null ||
  fail "no torch for /usr/bin/python3: install the Debian package python3-torch"
for program in peer_bench tcp_peer echo_peer kernel_peer; do
  [[ -x $bin/$program ]] ||
    fail "no $bin/$program: install the Debian package libhiredis-dev," \
      "run cmake again and build"
done
[[ -z $BENCH_PIN ]] || (($(nproc) > 1)) || fail "--pin wants two CPUs"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# On standard error, as everything but the figures. A load of 1 and more when
# nothing has begun is somebody else's work, and the figures are not worth much.
{
  grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'
  echo "$(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg)"
  echo "kernels, then restarts, which drop the page cache if they may"
} >&2
"$here/kernels.py" "$bin" "$slice_seconds" "$num_rounds" >"$work/kernels.json"
"$here/restart.sh" "$bin" "$restart_rows" "$num_rounds" >"$work/restart.json"
"$here/../../examples/with_server.sh" "$bin" "$here/beside_server.sh" \
  --figures="$work/kernels.json,$work/restart.json" "${flags[@]}"
