#!/usr/bin/env bash
# Imports four trained tables and recommends films to a user who rated some.
#
#   demo.sh BIN_DIR [FLAGS OF recommend]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Says what it runs, then runs it.
run() {
  printf '\n$ %s\n' "$(sed "s#$here/##g" <<<"$*")"
  "$@"
}

if [[ ${1:-} != --beside-server ]]; then
  bin=$1
  shift
  exec "$here/../with_server.sh" "$bin" "$here/demo.sh" --beside-server "$@"
fi
shift

echo "A server is running on $EMB_SERVER, with an empty data directory."
for table in item user genre; do
  run embctl table import "$table" "$here/data/$table.npy" --padding-idx 0
done
run embctl table import item_bias "$here/data/item_bias.npy" --padding-idx 0
run embctl table list
run embctl lookup genre 0 5
run recommend --data "$here/data" "$@"
