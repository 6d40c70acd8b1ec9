#!/bin/sh
# Generates the Python stubs of the service: make_stubs.sh DIR
#
# Needs Debian's protobuf-compiler and protobuf-compiler-grpc; using the stubs
# needs python3-grpcio and python3-protobuf.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: $0 DIR" >&2
  exit 2
fi
out=$1
protos=$(cd "$(dirname "$0")/../../proto" && pwd)

mkdir -p "$out"
protoc -I "$protos" \
  --python_out="$out" --grpc_out="$out" \
  --plugin=protoc-gen-grpc="$(command -v grpc_python_plugin)" \
  google/rpc/status.proto google/rpc/error_details.proto \
  embedding/v1/types.proto embedding/v1/lookup.proto embedding/v1/admin.proto
