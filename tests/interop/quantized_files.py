"""GGUF files with their matrices in other types, as llama.cpp's own library quantizes them, with the values that the package
`gguf` reads of each: quantized_files.py LIBRARY

Each line on stdin is a JSON list: FILE.gguf, OUT.gguf, TYPE ... Several types go round over the matrices. Answers with one
line of JSON: by tensor, its type and the SHA-256 of its values in float32.
"""

import ctypes
import hashlib
import json
import sys

import gguf
import numpy

ggml = ctypes.CDLL(sys.argv[1])
ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p]


def quantized(source, out, *names):
    types = [gguf.GGMLQuantizationType[name] for name in names]
    for kind in set(types):
        ggml.ggml_quantize_init(int(kind))

    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(out, reader.get_field("general.architecture").contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        kind = field.types[0]
        writer.add_key_value(field.name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)

    found, at = {}, 0
    for tensor in reader.tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        values = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(shape).astype(numpy.float32)
        # Vectors and the routing of experts stay in float32.
        kind = types[at % len(types)] if len(shape) > 1 and "ffn_gate_inp" not in tensor.name else gguf.GGMLQuantizationType.F32
        at += len(shape) > 1
        if kind == gguf.GGMLQuantizationType.F32:
            data = values
        else:
            weights, size = gguf.GGML_QUANT_SIZES[kind]
            values = numpy.ascontiguousarray(values)
            width = shape[-1]
            data = numpy.zeros([*shape[:-1], width // weights * size], numpy.uint8)
            rows = values.size // width
            ggml.ggml_quantize_chunk(int(kind), values.ctypes.data, data.ctypes.data, 0, rows, width, None)
            values = gguf.dequantize(data, kind).astype(numpy.float32)
        found[tensor.name] = [kind.name, hashlib.sha256(numpy.ascontiguousarray(values).tobytes()).hexdigest()]
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return found


for line in sys.stdin:
    print(json.dumps(quantized(*json.loads(line))), flush=True)
