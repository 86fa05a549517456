"""Rotary frequencies of Llama 3's kinds from transformers, as its configurations ask for them.

Needs torch and transformers (made with transformers 5.24): `python tests/parity/oracle/rope.py` from the repository's
root. Writes tests/parity/golden/rope.json: of each model the fields of its config.json that concern the rotation (in the
older spelling, which most files on the Hub have), the inverse frequencies, and what a GGUF file holds instead of them in
`rope_freqs.weight`: the plain frequencies divided by the scaled ones.
"""

from common import GOLDEN, numbers, single_thread, write_json

torch = single_thread()
from transformers import LlamaConfig  # noqa: E402
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding  # noqa: E402

MODELS = {
    "SmolLM2-135M": dict(head_dim=64, heads=9, theta=100000.0, factor=None),
    "Llama-3-8B": dict(head_dim=128, heads=32, theta=500000.0, factor=None),
    "Llama-3.1-8B": dict(head_dim=128, heads=32, theta=500000.0, factor=8.0),
    "Llama-3.2-1B": dict(head_dim=64, heads=32, theta=500000.0, factor=32.0),
}


def main():
    cases = []
    for name, given in MODELS.items():
        scaling = given["factor"] and {"rope_type": "llama3", "factor": given["factor"], "low_freq_factor": 1.0,
                                       "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
        fields = {"rope_theta": given["theta"], "rope_scaling": scaling or None, "head_dim": given["head_dim"],
                  "num_attention_heads": given["heads"], "hidden_size": given["head_dim"] * given["heads"],
                  "max_position_embeddings": 131072 if scaling else 8192}
        rotary = LlamaRotaryEmbedding(LlamaConfig(**fields))
        assert rotary.attention_scaling == 1
        plain = LlamaRotaryEmbedding(LlamaConfig(**{**fields, "rope_scaling": None})).inv_freq
        cases.append({"name": name, "fields": fields, "frequencies": numbers(rotary.inv_freq),
                      "divisors": numbers(plain / rotary.inv_freq)})
    write_json(GOLDEN / "rope.json", cases)


main()
