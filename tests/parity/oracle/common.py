"""What the oracle scripts share: where golden files go, and how numbers are written into them.

The scripts need Python with torch, transformers, peft and gguf; neither Rollscope nor its tests do: the golden files
that the scripts write are committed. Run one with `python tests/parity/oracle/<name>.py` from the repository's root.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

REPO = Path(__file__).resolve().parents[3]
GOLDEN = REPO / "tests" / "parity" / "golden"
SHARED = REPO.parent / "shared"
SMOLLM = SHARED / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"


def single_thread():
    import torch

    torch.set_num_threads(1)
    return torch


def numbers(values, digits=9):
    """A flat list of floats that read back as the same float32 (9 significant digits do)."""
    return [float(f"{float(v):.{digits}g}") for v in values]


def write_json(path, value):
    """JSON with one line per innermost list, so that a changed golden file has a readable diff."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_dump(value, 0) + "\n", encoding="utf-8")
    print(f"{os.path.relpath(path, REPO)}: {path.stat().st_size} bytes", file=sys.stderr)


def _dump(value, depth):
    pad, close = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and value:
        rows = [f"{pad}{json.dumps(k)}: {_dump(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + close + "}"
    if isinstance(value, list) and any(isinstance(v, (list, dict)) for v in value):
        return "[\n" + ",\n".join(pad + _dump(v, depth + 1) for v in value) + "\n" + close + "]"
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
