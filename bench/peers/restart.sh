#!/usr/bin/env bash
# How long a server takes from its start until it serves a table on disk, with
# the files in the page cache (warm) and without (cold), beside dd of the same
# files. Prints JSON for peer_bench --figures.
#
#   bench/peers/restart.sh BIN_DIR NUM_ROWS NUM_ROUNDS
#
# NUM_ROWS x 64 float32. Cold takes root, to drop the page cache of the whole
# machine; without, it is left out. In a round dd and the server take turns,
# each after the cache has been dropped.
set -euo pipefail

bin=$1
num_rows=$2
num_rounds=$3
drop_caches=/proc/sys/vm/drop_caches

work=$(mktemp -d)
server=
stop() {
  [[ -n $server ]] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
  exec 3<&- # The log's end.
}
cleanup() {
  trap '' INT TERM
  stop
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }

# Starts a server; sets admin, and elapsed_us: until it served all it has.
start() {
  local line begin_us
  begin_us=$(now_us)
  "$bin/embedding-server" --data_dir="$work/data" --listen=127.0.0.1:0 \
    --admin_listen=127.0.0.1:0 --drain_delay=0s 2>"$work/log" &
  server=$!
  exec 3<"$work/log"
  while read -r line <&3; do
    case $line in
      *'"event":"listening"'*)
        admin=${line##*\"admin\":\"}
        admin=${admin%%\"*}
        ;;
      *'"event":"serving"'*)
        elapsed_us=$(($(now_us) - begin_us))
        return
        ;;
    esac
  done
  echo "bench/peers: embedding-server did not start" >&2
  exit 1
}

drop() {
  sync
  echo 3 >"$drop_caches"
}

read_files() {
  local begin_us
  begin_us=$(now_us)
  find "$work/data" -type f -exec dd if={} of=/dev/null bs=1M status=none \;
  elapsed_us=$(($(now_us) - begin_us))
}

# The values of a series: VALUE / ELAPSED.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.6g\n", a / b}'; }
join() { local IFS=,; echo "[$*]"; }

mkfifo "$work/log"
start
EMB_ADMIN=$admin "$bin/embctl" table create peers --rows "$num_rows" --dim 64 \
  --init uniform --seed 0 >&2
stop
raw_bytes=$((num_rows * 256))
file_bytes=$(find "$work/data" -type f -printf '%s\n' |
  awk '{sum += $1} END {print sum}')

warm=()
read_files
for ((round = 0; round < num_rounds; ++round)); do
  start
  warm+=("$(ratio "$elapsed_us" "$((raw_bytes * 1000000 / 1073741824))")")
  resident_bytes=$(($(awk '{print $2}' "/proc/$server/statm") *
    $(getconf PAGESIZE)))
  stop
done

cold=()
dd=()
left_out=
if echo 1 2>/dev/null >"$drop_caches"; then
  for ((round = 0; round < num_rounds; ++round)); do
    drop
    read_files
    dd+=("$(ratio "$((file_bytes * 1000000))" "$elapsed_us")")
    drop
    start
    cold+=("$(ratio "$((file_bytes * 1000000))" "$elapsed_us")")
    stop
  done
else
  left_out='"restart cold bytes/s": "needs root"'
fi

cat <<END
{"series": {
 "restart warm s/GiB": $(join "${warm[@]}"),
 "restart cold bytes/s": $(join "${cold[@]}"),
 "dd cold bytes/s": $(join "${dd[@]}"),
 "loaded bytes": [$resident_bytes],
 "loaded bytes allowed": [$((raw_bytes * 105 / 100 + (256 << 20)))]},
 "left_out": {$left_out}}
END
