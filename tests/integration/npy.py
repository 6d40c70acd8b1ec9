"""Little-endian C-order .npy files, by the standard library alone."""
import ast
import math
import struct

# Every kind of float32: zeros, subnormal, largest, infinite, no number.
EVERY_KIND = struct.unpack("<12f", struct.pack(
    "<12I", 0, 1 << 31, 1, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
    0x7fc00000, 0x00800000, 0x3eaaaaab, 0x4b800001, 0x33d6bf95))


def head(typecode, shape, fortran_order=False):
    """What comes before the elements (typecode as in struct)."""
    descr = {"f": "<f4", "q": "<i8"}[typecode]
    text = (f"{{'descr': '{descr}', 'fortran_order': {fortran_order}, "
            f"'shape': {tuple(shape)}, }}")
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def write(path, typecode, shape, values=None):
    """Writes `values` (typecode as in struct), or a sparse file of zeros."""
    with open(path, "wb") as file:
        file.write(head(typecode, shape))
        if values is None:
            size = math.prod(shape) * struct.calcsize("<" + typecode)
            file.truncate(file.tell() + size)
        else:
            file.write(struct.pack(f"<{len(values)}{typecode}", *values))


def write_repeated(path, row, num_rows):
    """Writes a matrix of float32 whose rows are all the same."""
    with open(path, "wb") as file:
        file.write(head("f", [num_rows, len(row)]))
        file.write(struct.pack(f"<{len(row)}f", *row) * num_rows)


def read_bytes(path):
    """The shape, and the elements as bytes."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack_from("<H", content, 8)
    header = ast.literal_eval(content[10:10 + length].decode())
    return header["shape"], content[10 + length:]
