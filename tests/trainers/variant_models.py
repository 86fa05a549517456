"""Tiny random decoders with what the golden ones do not have, each with what transformers computes: variant_models.py FOLDER.

A folder for each, as `tests/parity/oracle/tiny_models.py` writes them. Prints a JSON list of their names.
"""

import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "parity" / "oracle"))
from tiny_models import SMALL, write_model  # noqa: E402
from transformers import (  # noqa: E402
    Gemma2Config, Gemma3TextConfig, GPT2Config, GraniteConfig, LlamaConfig, MistralConfig, Olmo2Config, Olmo3Config, OlmoeConfig,
    Phi3Config, Qwen2Config, Qwen3Config, Qwen3MoeConfig, SmolLM3Config
)

NO_TOKENS = dict(bos_token_id=None, pad_token_id=None, eos_token_id=1)
FULL, SLIDING = "full_attention", "sliding_attention"


def small(cls, **changes):
    return cls(**{**SMALL, **NO_TOKENS, **changes})


LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 16}
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 16}

VARIANTS = {
    "llama-biases-untied": small(LlamaConfig, attention_bias=True, mlp_bias=True),
    "llama-head-dim": small(LlamaConfig, head_dim=10, num_key_value_heads=4),
    "llama-one-kv-head": small(LlamaConfig, num_key_value_heads=1, tie_word_embeddings=True),
    "llama-three-heads": small(LlamaConfig, hidden_size=24, num_attention_heads=3, num_key_value_heads=3),
    "llama-rope-llama3": small(LlamaConfig, rope_parameters=LLAMA3),
    "llama-rope-linear": small(LlamaConfig, rope_parameters={"rope_type": "linear", "rope_theta": 1e4, "factor": 3.0}),
    "llama-rope-dynamic": small(LlamaConfig, rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 3.0}),
    "llama-rope-yarn": small(LlamaConfig, rope_parameters=YARN),
    "llama-rope-yarn-mscale": small(LlamaConfig, rope_parameters={**YARN, "mscale": 0.7, "mscale_all_dim": 1.0}),
    "llama-rope-yarn-factor": small(LlamaConfig, rope_parameters={**YARN, "attention_factor": 1.3, "beta_fast": 16, "beta_slow": 2}),
    "llama-rope-yarn-exact": small(LlamaConfig, rope_parameters={**YARN, "truncate": False}),
    "qwen2-tied": small(Qwen2Config, tie_word_embeddings=True),
    "qwen2-window-in-some": small(Qwen2Config, num_hidden_layers=3, use_sliding_window=True, sliding_window=5, max_window_layers=1),
    "qwen2-window-unused": small(Qwen2Config, use_sliding_window=False, sliding_window=5),
    "qwen3-biases": small(Qwen3Config, attention_bias=True, head_dim=8),
    "qwen3-window": small(Qwen3Config, head_dim=6, num_hidden_layers=3, use_sliding_window=True, sliding_window=4, max_window_layers=1),
    "qwen3-tied-yarn": small(Qwen3Config, head_dim=8, tie_word_embeddings=True, rope_parameters={**YARN, "rope_theta": 1e6}),
    "mistral-no-window": small(MistralConfig, sliding_window=None, tie_word_embeddings=True),
    "mistral-yarn": small(MistralConfig, sliding_window=None, head_dim=6, rope_parameters=YARN),
    "olmo2-biases": small(Olmo2Config, attention_bias=True, num_key_value_heads=4),
    "olmo2-one-kv-head": small(Olmo2Config, num_key_value_heads=1, tie_word_embeddings=True),
    "olmo3-all-full": small(Olmo3Config, layer_types=[FULL, FULL], sliding_window=5),
    "olmo3-all-sliding": small(Olmo3Config, layer_types=[SLIDING, SLIDING], sliding_window=5, attention_bias=True),
    "smollm3-odd-layers": small(SmolLM3Config, num_hidden_layers=3, no_rope_layers=[0, 1, 0], attention_bias=True),
    "smollm3-window": small(SmolLM3Config, num_hidden_layers=3, use_sliding_window=True, sliding_window=4, mlp_bias=True,
                            layer_types=[SLIDING, FULL, SLIDING], no_rope_layers=[1, 0, 1]),
    "gemma2-no-caps": small(Gemma2Config, head_dim=6, attn_logit_softcapping=None, final_logit_softcapping=None, num_key_value_heads=1,
                            tie_word_embeddings=True),
    "gemma2-untied-biases": small(Gemma2Config, head_dim=8, attention_bias=True, sliding_window=3),
    "gemma3-caps": small(Gemma3TextConfig, head_dim=8, tie_word_embeddings=True, attn_logit_softcapping=3.0, final_logit_softcapping=2.0,
                         sliding_window=4),
    "gemma3-logit-cap": small(Gemma3TextConfig, head_dim=8, tie_word_embeddings=True, final_logit_softcapping=2.0, sliding_window=4),
    "gemma3-biases": small(Gemma3TextConfig, head_dim=6, tie_word_embeddings=True, attention_bias=True, num_key_value_heads=1,
                           layer_types=[SLIDING, FULL], sliding_window=3),
    "phi3-whole-heads": small(Phi3Config, tie_word_embeddings=True, sliding_window=None),
    "phi3-quarter": small(Phi3Config, hidden_size=32, rope_parameters={"rope_type": "default", "rope_theta": 1e4,
                                                                       "partial_rotary_factor": 0.25}),
    "granite-tied-llama3": small(GraniteConfig, tie_word_embeddings=True, rope_parameters=LLAMA3),
    "gpt2-untied": GPT2Config(vocab_size=24, n_positions=64, n_embd=16, n_layer=2, n_head=2, n_inner=20, tie_word_embeddings=False,
                              layer_norm_epsilon=1e-3, bos_token_id=None, eos_token_id=1, resid_pdrop=0.0, embd_pdrop=0.0,
                              attn_pdrop=0.0),
    "gpt2-odd-heads": GPT2Config(vocab_size=24, n_positions=64, n_embd=15, n_layer=2, n_head=3, bos_token_id=None, eos_token_id=1,
                                 resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0),
    "gpt2-unscaled": GPT2Config(vocab_size=24, n_positions=64, n_embd=16, n_layer=2, n_head=4, scale_attn_weights=False,
                                bos_token_id=None, eos_token_id=1, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0),
    "qwen3_moe-one-of-three": small(Qwen3MoeConfig, head_dim=8, moe_intermediate_size=12, num_experts=3, num_experts_per_tok=1,
                                    norm_topk_prob=False, tie_word_embeddings=True),
    "qwen3_moe-all": small(Qwen3MoeConfig, head_dim=8, moe_intermediate_size=12, num_experts=3, num_experts_per_tok=3,
                           norm_topk_prob=True, attention_bias=True),
    "olmoe-normed": small(OlmoeConfig, num_experts=4, num_experts_per_tok=2, norm_topk_prob=True, attention_bias=True,
                          num_key_value_heads=4),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    chosen = sys.argv[2:] or list(VARIANTS)
    for seed, (name, config) in enumerate(VARIANTS.items(), start=1):
        if name in chosen:
            write_model(folder / name, config, seed, False)
    print(json.dumps(chosen))


if __name__ == "__main__":
    main()
