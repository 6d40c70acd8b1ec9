#!/usr/bin/python3
"""Looks up rows of a table: lookup.py --stubs DIR TABLE ID...

DIR is where make_stubs.sh put the stubs; it may be in PYTHONPATH instead.
"""
import argparse
import array
import json
import sys

import grpc

# gRPC accepts answers of 4 MiB unless told otherwise; the server sends up to
# 64 MiB of values, and a little around them.
MESSAGE_BYTES_MAX = (64 << 20) + (1 << 20)


def decode(values):
    """The float32 elements of FeatureResult.values, always little-endian.

    With NumPy: numpy.frombuffer(values, "<f4").reshape(shape).
    """
    floats = array.array("f", values)
    if sys.byteorder == "big":
        floats.byteswap()
    return floats


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="127.0.0.1:50051")
    parser.add_argument("--stubs", help="directory of the generated stubs")
    parser.add_argument("table")
    parser.add_argument("ids", nargs="+", type=int, metavar="ID")
    args = parser.parse_args()

    # Imported late, because the path is known now. The stubs' google.rpc and
    # Debian's google.protobuf live side by side: neither has a
    # google/__init__.py, so Python joins them into one namespace package. A
    # stray google/__init__.py anywhere on the path would hide one of them.
    if args.stubs:
        sys.path.append(args.stubs)
    from embedding.v1 import lookup_pb2, lookup_pb2_grpc

    channel = grpc.insecure_channel(
        args.server,
        [("grpc.max_receive_message_length", MESSAGE_BYTES_MAX)])
    service = lookup_pb2_grpc.EmbeddingServiceStub(channel)
    feature = lookup_pb2.Feature(table=args.table, ids=args.ids)
    try:
        answer = service.Lookup(
            lookup_pb2.LookupRequest(features=[feature]), timeout=10)
    except grpc.RpcError as error:
        sys.exit(f"lookup.py: {error.code().name}: {error.details()}")

    result = answer.results[0]
    shape = list(result.shape)
    values = decode(result.values)
    print(json.dumps({"table": args.table, "epoch": answer.epoch,
                      "version": result.version, "shape": shape}))
    dim = shape[-1]
    for i, row_id in enumerate(args.ids):
        row = values[i * dim:(i + 1) * dim].tolist()
        print(json.dumps({"id": row_id, "values": row}))


if __name__ == "__main__":
    main()
