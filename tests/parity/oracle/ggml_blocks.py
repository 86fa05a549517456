"""Blocks of every type of weights that llama.cpp reads, with the values that its own library gives them.

    python tests/parity/oracle/ggml_blocks.py LIBRARY BLOCKS [TYPE...]

LIBRARY: `libggml-base` of llama.cpp (node-llama-cpp brings one). Prints one JSON: for each type of ggml, or those that are
named, its number and name, and, where ggml makes float32 of it, random blocks and their values (both base64). What the
package gguf does not read is in tests/parity/golden/gguf/ggml-blocks.json, from node-llama-cpp 3.22: 3 Q1_0 Q2_0.
"""

import base64
import ctypes
import json
import random
import re
import struct
import sys

CONVERT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


class Traits(ctypes.Structure):
    """`ggml_type_traits` up to the conversion."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("weights", ctypes.c_int64),
        ("interleaved", ctypes.c_int64),
        ("bytes", ctypes.c_size_t),
        ("quantized", ctypes.c_bool),
        ("to_float", ctypes.c_void_p),
    ]


def values_of(traits, data):
    out = (ctypes.c_float * traits.weights)()
    CONVERT(traits.to_float)(ctypes.create_string_buffer(data, len(data)), out, traits.weights)
    return list(out)


def block(traits, draw):
    """Random bytes that stand for numbers, not for infinities or NaN."""
    while True:
        data = draw.randbytes(traits.bytes)
        values = values_of(traits, data)
        if all(abs(value) < 1e38 for value in values):
            return data, struct.pack(f"<{len(values)}f", *values)


def types(ggml):
    """Numbers and traits; behind the last type lies something else."""
    ggml.ggml_get_type_traits.restype = ctypes.POINTER(Traits)
    number = 0
    while True:
        traits = ggml.ggml_get_type_traits(number).contents
        if not 0 <= traits.weights <= 4096:
            return
        if traits.bytes > 0 and re.fullmatch(rb"\w+", traits.name):
            yield number, traits
        number += 1


def main(library, blocks, *names):
    draw = random.Random(7)
    found = []
    for number, traits in types(ctypes.CDLL(library)):
        case = {"type": number, "name": traits.name.decode().upper()}
        if names and case["name"] not in names:
            continue
        if traits.to_float:
            data, values = (b"".join(parts) for parts in zip(*[block(traits, draw) for _ in range(int(blocks))]))
            case |= {"bytes": base64.b64encode(data).decode(), "values": base64.b64encode(values).decode()}
        found.append(case)
    print(json.dumps(found, indent=1))


main(*sys.argv[1:])
