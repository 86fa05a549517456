"""Golden vectors of tiny random decoders, one of each architecture: log-probs, statistics, and gradients, dense and LoRA.

Writes, for each of MODELS (or those named on the command line), a folder `tests/parity/golden/<name>/` with
  config.json, model.safetensors   a Hugging Face model, weights in BF16 (so they are exact in every format), laid out as the
                                   models of its kind on the Hub are: an expert's matrices apart, fused ones together
  expected.json                    sequences, loss weights, per-token statistics and losses
  expected.safetensors             `grad.<parameter>` (F32, each projection by itself, [out, in]), `lora.<module>.lora_A|B.weight` (BF16), `lora_grad.<the same>`
and no LoRA part for those in DENSE_ONLY, to keep the files small.
"""

import json
import shutil
import sys

from common import GOLDEN, numbers, single_thread, write_json

torch = single_thread()
from peft import LoraConfig, get_peft_model  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, GPT2Config, GraniteConfig, LlamaConfig, MistralConfig, Olmo2Config,
    Olmo3Config, OlmoeConfig, Phi3Config, Qwen2Config, Qwen3Config, Qwen3MoeConfig, SmolLM3Config
)

TEMPERATURE = 0.7
RANK, ALPHA = 4, 8
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

SMALL = dict(vocab_size=24, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False)
# Appended to, never inserted into: the place of a model seeds its numbers.
MODELS = {
    "tiny-llama": LlamaConfig(vocab_size=40, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                              num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
                              rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=True,
                              bos_token_id=None, eos_token_id=1),
    "tiny-qwen2": Qwen2Config(**SMALL, rms_norm_eps=1e-6, rope_theta=1e6, bos_token_id=None, eos_token_id=1),
    # head_dim differs from hidden_size / heads, as in Qwen3's smaller models.
    "tiny-qwen3": Qwen3Config(**SMALL, head_dim=8, rms_norm_eps=1e-6, rope_theta=1e6, bos_token_id=None,
                              eos_token_id=1),
    "tiny-olmo2": Olmo2Config(**SMALL, rms_norm_eps=1e-5, rope_theta=5e5, bos_token_id=None, pad_token_id=0,
                              eos_token_id=1),
    "tiny-mistral": MistralConfig(**SMALL, head_dim=6, rms_norm_eps=1e-5, sliding_window=6,
                                  rope_parameters={"rope_type": "dynamic", "rope_theta": 1e6, "factor": 2.0},
                                  bos_token_id=None, eos_token_id=1),
    # Windows are shorter than the sequences, and every kind of frequencies is stretched in one model.
    "tiny-olmo3": Olmo3Config(**{**SMALL, "num_hidden_layers": 4}, rms_norm_eps=1e-5, sliding_window=5,
                              rope_parameters={"full_attention": {"rope_type": "yarn", "rope_theta": 5e5, "factor": 4.0,
                                                                  "original_max_position_embeddings": 16},
                                               "sliding_attention": {"rope_type": "default", "rope_theta": 5e5}},
                              bos_token_id=None, pad_token_id=0, eos_token_id=1),
    "tiny-smollm3": SmolLM3Config(**{**SMALL, "num_hidden_layers": 4}, rms_norm_eps=1e-6, no_rope_layer_interval=4,
                                  rope_parameters={"rope_type": "linear", "rope_theta": 1e5, "factor": 2.5},
                                  bos_token_id=None, pad_token_id=0, eos_token_id=1),
    "tiny-gemma2": Gemma2Config(**{**SMALL, "tie_word_embeddings": True}, head_dim=6, sliding_window=5,
                                query_pre_attn_scalar=4, attn_logit_softcapping=2.0, final_logit_softcapping=1.5,
                                bos_token_id=None, pad_token_id=0, eos_token_id=1),
    "tiny-gemma3_text": Gemma3TextConfig(**{**SMALL, "tie_word_embeddings": True, "num_hidden_layers": 3}, head_dim=8,
                                         sliding_window=4, query_pre_attn_scalar=16,
                                         layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                                         rope_parameters={
                                             "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
                                             "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}},
                                         bos_token_id=None, pad_token_id=0, eos_token_id=1),
    "tiny-phi3": Phi3Config(**{**SMALL, "hidden_size": 32}, original_max_position_embeddings=32,
                            rope_parameters={"rope_type": "longrope", "rope_theta": 1e4, "partial_rotary_factor": 0.5,
                                             "short_factor": [1.0, 1.3], "long_factor": [2.0, 5.0]},
                            sliding_window=7, rms_norm_eps=1e-5, bos_token_id=None, pad_token_id=0, eos_token_id=1),
    "tiny-granite": GraniteConfig(**SMALL, rms_norm_eps=1e-6, attention_bias=True, mlp_bias=True, embedding_multiplier=3.0,
                                  logits_scaling=0.7, residual_multiplier=0.6, attention_multiplier=0.4,
                                  bos_token_id=None, pad_token_id=0, eos_token_id=1),
    "tiny-gpt2": GPT2Config(vocab_size=24, n_positions=64, n_embd=16, n_layer=2, n_head=4, bos_token_id=None, eos_token_id=1,
                            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0),
    "tiny-qwen3_moe": Qwen3MoeConfig(**{**SMALL, "intermediate_size": 24}, head_dim=8, moe_intermediate_size=12, num_experts=4,
                                     num_experts_per_tok=2, norm_topk_prob=True, rms_norm_eps=1e-6, rope_theta=1e6,
                                     bos_token_id=None, eos_token_id=1),
    "tiny-olmoe": OlmoeConfig(**{**SMALL, "intermediate_size": 12}, num_experts=5, num_experts_per_tok=3, norm_topk_prob=False,
                              rms_norm_eps=1e-5, bos_token_id=None, pad_token_id=0, eos_token_id=1),
}
# LoRA adapts single projections; where a module holds several of them, PEFT cannot be asked for the same.
DENSE_ONLY = {"tiny-qwen3", "tiny-mistral", "tiny-phi3", "tiny-gpt2", "tiny-gemma3_text", "tiny-olmo3"}
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]

GPT2 = {"transformer.wte": "model.embed_tokens", "transformer.wpe": "model.embed_positions", "transformer.ln_f": "model.norm",
        ".attn.c_attn": ".self_attn.qkv_proj", ".attn.c_proj": ".self_attn.o_proj", ".mlp.c_fc": ".mlp.up_proj",
        ".mlp.c_proj": ".mlp.down_proj", ".ln_1": ".input_layernorm", ".ln_2": ".post_attention_layernorm",
        "transformer.h": "model.layers"}


def stored(name, value):
    """A parameter as files on the Hub have it: each expert's matrices by themselves."""
    if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
        base = name.rsplit(".", 1)[0]
        for expert, matrix in enumerate(value):
            if name.endswith("down_proj"):
                yield f"{base}.{expert}.down_proj.weight", matrix
            else:
                gate, up = matrix.chunk(2)
                yield f"{base}.{expert}.gate_proj.weight", gate
                yield f"{base}.{expert}.up_proj.weight", up
    else:
        yield name, value


def single(model, name, value):
    """The same with each projection by itself, [out, in], by the names that most models have."""
    if model.config.model_type == "gpt2":
        if value.dim() == 2 and ".h." in name:
            value = value.T
        for old, new in GPT2.items():
            name = name.replace(old, new)
    for key, rest in stored(name, value):
        config = model.config
        if ".qkv_proj." in key:
            head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
            kv = (getattr(config, "num_key_value_heads", None) or config.num_attention_heads) * head
            parts = rest.split([config.num_attention_heads * head, kv, kv])
            for letter, part in zip("qkv", parts):
                yield key.replace("qkv_proj", f"{letter}_proj"), part
        elif ".gate_up_proj." in key:
            gate, up = rest.chunk(2)
            yield key.replace("gate_up_proj", "gate_proj"), gate
            yield key.replace("gate_up_proj", "up_proj"), up
        else:
            yield key, rest


def random_parameters(model, generator):
    """Every parameter drawn anew and rounded to bfloat16: norms near 1, biases clearly not 0, logits not flat."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name or ".ln_" in name and name.endswith("weight"):
                # Gemma's norms say how far they are from 1.
                value = (0 if "gemma" in model.config.model_type else 1) + 0.2 * noise
            elif name.endswith("bias"):
                value = 0.3 * noise
            elif "embed_tokens" in name or "lm_head" in name or ".wte" in name or ".wpe" in name:
                value = 0.25 * noise
            else:
                into = parameter.shape[0] if ".h." in name else parameter.shape[-1]
                value = noise * (1.2 / into ** 0.5)
            parameter.copy_(value.to(torch.bfloat16).float())


def statistics(model, sequence):
    """Differentiable log-probs and detached statistics of the completion's tokens at the temperature."""
    ids = torch.tensor([sequence["prompt"] + sequence["completion"]])
    start = len(sequence["prompt"])
    logits = model(input_ids=ids, use_cache=False).logits[0, start - 1 : -1].float() / TEMPERATURE
    target = ids[0, start:]
    logp = torch.log_softmax(logits, -1)
    chosen = logp.gather(1, target[:, None])[:, 0]
    p = logp.exp()
    top = p.topk(2, -1).values
    details = {
        "logprob": chosen,
        "entropy": -(p * logp).sum(-1),
        "logsumexp": logits.logsumexp(-1),
        "meanLogit": logits.mean(-1),
        "top1": top[:, 0],
        "top2": top[:, 1],
    }
    return chosen, {key: numbers(value.detach()) for key, value in details.items()}


def loss_of(model, sequences):
    """-sum of weight times log-prob over all completion tokens."""
    total, rows = 0.0, []
    for sequence in sequences:
        chosen, row = statistics(model, sequence)
        total = total - (torch.tensor(sequence["weights"]) * chosen).sum()
        rows.append(row)
    return total, rows


def write_model(folder, config, seed, with_lora):
    """Makes a model of a configuration, and writes it with what it computes."""
    generator = torch.Generator().manual_seed(seed)
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    random_parameters(model, generator)
    model.eval()

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    saved = {key: part.to(torch.bfloat16).contiguous() for name, parameter in model.named_parameters()
             for key, part in stored(name, parameter.detach())}
    save_file(saved, folder / "model.safetensors", metadata={"format": "pt"})
    described = config.to_dict()
    described["dtype"] = "bfloat16"
    described.pop("_attn_implementation", None)
    (folder / "config.json").write_text(json.dumps(described, indent=2, sort_keys=True) + "\n")

    draw = lambda n: torch.randint(2, config.vocab_size, (n,), generator=generator).tolist()  # noqa: E731
    sequences = []
    for prompt_length, lengths in ((5, (7, 4)), (9, (3, 11))):
        prompt = draw(prompt_length)
        for length in lengths:
            completion = draw(length)
            weights = numbers((torch.randn(length, generator=generator) * 0.5).tolist(), 4)
            sequences.append({"prompt": prompt, "completion": completion, "weights": weights})

    expected = {}
    loss, rows = loss_of(model, sequences)
    loss.backward()
    for parameter, value in model.named_parameters():
        for key, part in single(model, parameter, value.grad):
            expected[f"grad.{key}"] = part.clone()

    found_with_lora = None
    if with_lora:
        model.requires_grad_(False)
        targets = ATTENTION if "moe" in config.model_type else TARGETS
        lora = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=targets, lora_dropout=0.0,
                                                bias="none", task_type="CAUSAL_LM"))
        factors = [(k, p) for k, p in lora.named_parameters() if p.requires_grad]
        with torch.no_grad():
            for _, parameter in factors:
                noise = torch.randn(parameter.shape, generator=generator) * 0.15
                parameter.copy_(noise.to(torch.bfloat16).float())
        lora_loss, lora_rows = loss_of(lora, sequences)
        lora_loss.backward()
        for key, parameter in factors:
            # base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight -> model.layers.0...lora_A.weight
            short = key.removeprefix("base_model.model.").replace(".default.", ".")
            expected[f"lora.{short}"] = parameter.detach().to(torch.bfloat16)
            expected[f"lora_grad.{short}"] = parameter.grad.clone()
        found_with_lora = {"loss": numbers([lora_loss.detach()])[0], "statistics": lora_rows}

    save_file({k: v.contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
    write_json(folder / "expected.json", {
        "temperature": TEMPERATURE,
        "lora": {"rank": RANK, "alpha": ALPHA, "targets": ATTENTION if "moe" in config.model_type else TARGETS},
        "sequences": sequences,
        "dense": {"loss": numbers([loss.detach()])[0], "statistics": rows},
        "withLora": found_with_lora,
    })


def main():
    chosen = sys.argv[1:] or list(MODELS)
    for seed, (name, config) in enumerate(MODELS.items(), start=11):
        if name in chosen:
            write_model(GOLDEN / name, config, seed, name not in DENSE_ONLY)


if __name__ == "__main__":
    main()
