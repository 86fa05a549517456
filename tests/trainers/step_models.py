"""Random decoders of odd shapes in sharded files of 16 bits, each with what transformers and torch make of it: step_models.py FOLDER [SEED].

Two for each architecture, in float16 and in bfloat16, of which one has an unembedding of its own where its kind allows that. In each folder:
  config.json, model-*.safetensors   as transformers saves them
  adapter.safetensors                an adapter of rank 2 on each projection, by the names of the decoder: numbers, not zeros
  expected.json                      greedy tokens with how much likelier they are than the next; responses with advantages and the
                                     log-probabilities that they were sampled with; loss and gradient norm of a GRPO step
  dense.safetensors, lora.safetensors   the parameters after that step of AdamW: all weights, or the adapter
"""

import json
import os
import pathlib
import random
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "parity" / "oracle"))
from tiny_models import ATTENTION, TARGETS, random_parameters, single, torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, GPT2Config, GraniteConfig, LlamaConfig, MistralConfig, Olmo2Config,
    Olmo3Config, OlmoeConfig, Phi3Config, Qwen2Config, Qwen3Config, Qwen3MoeConfig, SmolLM3Config
)

TEMPERATURE, GREEDY, RANK, ALPHA = 0.7, 16, 2, 5
LR, BETAS, EPSILON, DECAY, CLIP = 1e-2, (0.9, 0.98), 1e-3, 0.1, 0.5
LOW, HIGH = 0.2, 0.28
KINDS = {
    "llama": LlamaConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config, "qwen3_moe": Qwen3MoeConfig, "mistral": MistralConfig,
    "olmo2": Olmo2Config, "olmo3": Olmo3Config, "olmoe": OlmoeConfig, "smollm3": SmolLM3Config, "gemma2": Gemma2Config,
    "gemma3_text": Gemma3TextConfig, "phi3": Phi3Config, "granite": GraniteConfig, "gpt2": GPT2Config,
}
OWN_HEADS = {"llama", "qwen3", "qwen3_moe", "mistral", "gemma2", "gemma3_text"}
ALWAYS_TIED = {"gemma2", "gemma3_text"}


def shape(name, rng, tied):
    """A configuration that few others have: odd widths, any number of heads, one to four layers."""
    heads = rng.choice([1, 2, 3, 5, 6])
    kv = rng.choice([n for n in range(1, heads + 1) if heads % n == 0])
    dim = rng.choice([2, 4, 6, 10, 14])
    hidden = heads * (rng.choice([3, 5, 9]) if name in OWN_HEADS else dim)
    layers, vocabulary, width = rng.randint(1, 4), rng.randint(19, 45), rng.choice([7, 11, 13, 26, 33])
    given = dict(vocab_size=vocabulary, bos_token_id=None, pad_token_id=None, eos_token_id=None, tie_word_embeddings=tied)
    if name == "gpt2":
        return GPT2Config(**given, n_positions=64, n_embd=hidden, n_layer=layers, n_head=heads, n_inner=rng.choice([None, width]),
                          resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    given |= dict(hidden_size=hidden, intermediate_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                  num_key_value_heads=kv, max_position_embeddings=64)
    theta = rng.choice([500.0, 1e4, 3e5])
    rope = {"rope_type": "default", "rope_theta": theta}
    stretched = [rope, {"rope_type": "linear", "rope_theta": theta, "factor": 1.7},
                 {"rope_type": "yarn", "rope_theta": theta, "factor": 2.5, "original_max_position_embeddings": 20},
                 {"rope_type": "llama3", "rope_theta": theta, "factor": 6.0, "low_freq_factor": 1.0, "high_freq_factor": 3.0,
                  "original_max_position_embeddings": 24}]
    types = [rng.choice(["full_attention", "sliding_attention"]) for _ in range(layers)]
    window = rng.randint(2, 9)
    if name in OWN_HEADS:
        given["head_dim"] = dim
    if name in {"olmo3", "gemma3_text"}:
        given |= dict(layer_types=types, sliding_window=window,
                      rope_parameters={"full_attention": rng.choice(stretched), "sliding_attention": rope})
    elif name == "gemma2":
        given |= dict(layer_types=types, sliding_window=window, rope_parameters=rope, query_pre_attn_scalar=rng.choice([3, 12]))
    else:
        given["rope_parameters"] = rng.choice(stretched)
    if name == "mistral":
        given["sliding_window"] = rng.choice([None, window])
    if name in {"qwen2", "qwen3"} and rng.random() < 0.5:
        given |= dict(use_sliding_window=True, sliding_window=window, max_window_layers=rng.randint(0, layers))
    if name in {"llama", "granite", "smollm3", "olmo2", "olmo3", "qwen3", "gemma2", "qwen3_moe", "olmoe"}:
        given["attention_bias"] = rng.random() < 0.5
    if name == "phi3":
        given |= dict(rope_parameters={"rope_type": "default", "rope_theta": theta, "partial_rotary_factor": 0.5 if dim % 4 == 0 else 1.0},
                      sliding_window=rng.choice([None, window]))
    if name == "granite":
        given |= dict(embedding_multiplier=2.3, logits_scaling=0.9, residual_multiplier=0.7, attention_multiplier=0.3)
    if name == "smollm3":
        given["no_rope_layers"] = [rng.randint(0, 1) for _ in range(layers)]
    if name in {"qwen3_moe", "olmoe"}:
        count = rng.randint(1, 6)
        given |= dict(num_experts=count, num_experts_per_tok=rng.randint(1, count), norm_topk_prob=rng.random() < 0.5)
    if name == "qwen3_moe":
        given["moe_intermediate_size"] = width
    return KINDS[name](**given)


def logprobs(model, prompt, tokens):
    logits = model(input_ids=torch.tensor([prompt + tokens]), use_cache=False).logits[0, len(prompt) - 1 : -1].float()
    return torch.log_softmax(logits / TEMPERATURE, -1).gather(1, torch.tensor(tokens)[:, None])[:, 0]


def grpo(model, groups):
    """PPO's clipped surrogate (arXiv 1707.06347) with two bounds, averaged over tokens and then over responses."""
    responses = [(group["prompt"], one) for group in groups for one in group["responses"]]
    total = 0.0
    for prompt, one in responses:
        ratio = torch.exp(logprobs(model, prompt, one["tokens"]) - torch.tensor(one["logprob"]))
        gain = torch.minimum(ratio * one["advantage"], ratio.clamp(1 - LOW, 1 + HIGH) * one["advantage"])
        total = total - gain.sum() / (len(responses) * len(one["tokens"]))
    return total


def stepped(parameters, gradients):
    """The parameters after a step of AdamW, and the norm of the gradients."""
    names = list(parameters)
    for name in names:
        parameters[name].grad = gradients[name].clone()
    norm = torch.nn.utils.clip_grad_norm_([parameters[name] for name in names], CLIP)
    torch.optim.AdamW([parameters[name] for name in names], lr=LR, betas=BETAS, eps=EPSILON, weight_decay=DECAY).step()
    return {name: parameters[name].detach().contiguous() for name in names}, float(norm)


def named(model, of):
    """Parameters or gradients, each projection by itself."""
    return {key: part.detach().clone().contiguous() for name, parameter in model.named_parameters()
            for key, part in single(model, name, of(parameter))}


def with_adapter(model, adapter):
    """Adds the adapter's products to the weights where they are."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            change = torch.zeros_like(parameter)
            for key, part in single(model, name, change):
                a, b = (adapter.get(f"{key.removesuffix('.weight')}.lora_{which}.weight") for which in "AB")
                if a is not None:
                    part += ALPHA / RANK * b @ a
            parameter += change


def write(folder, config, dtype, seed):
    generator = torch.Generator().manual_seed(seed)
    # Products of groups of experts want widths that are multiples of four.
    eager = {"attn_implementation": "eager", **({"experts_implementation": "eager"} if "moe" in config.model_type else {})}
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, **eager)
    random_parameters(model, generator)
    model.to(dtype).save_pretrained(folder, max_shard_size=300)
    load = lambda: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **eager).eval()  # noqa: E731
    model = load()
    draw = lambda n: torch.randint(0, config.vocab_size, (n,), generator=generator).tolist()  # noqa: E731
    noise = lambda n, size: torch.randn(n, generator=generator) * size  # noqa: E731

    greedy = []
    for length in (1, 7):
        tokens, margins = draw(length), []
        for _ in range(GREEDY):
            with torch.inference_mode():
                top = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].topk(2)
            margins.append(float(top.values[0] - top.values[1]))
            tokens = [*tokens, int(top.indices[0])]
        cached = model.generate(torch.tensor([tokens[:length]]), attention_mask=torch.ones(1, length, dtype=torch.long), do_sample=False,
                                max_new_tokens=GREEDY, pad_token_id=0)[0].tolist()
        greedy.append({"prompt": tokens[:length], "tokens": tokens[length:], "margins": margins, "cached": cached[length:]})

    adapter = {}
    for key, value in named(model, lambda parameter: parameter).items():
        module = key.removesuffix(".weight")
        if value.dim() == 2 and module.rsplit(".", 1)[-1] in (ATTENTION if "moe" in config.model_type else TARGETS):
            adapter[f"{module}.lora_A.weight"] = noise((RANK, value.shape[1]), 0.2)
            adapter[f"{module}.lora_B.weight"] = noise((value.shape[0], RANK), 0.2)
    save_file(adapter, folder / "adapter.safetensors")

    groups = []
    for length, lengths, advantages in ((4, (6, 1, 9), (1.1, -0.6, 0.3)), (11, (5, 8), (-0.9, 0.9))):
        prompt = draw(length)
        groups.append({"prompt": prompt, "responses": [{"tokens": draw(n), "advantage": a} for n, a in zip(lengths, advantages)]})
    found = {"greedy": greedy, "groups": groups}
    for kind in ("dense", "lora"):
        model = load()
        if kind == "lora":
            with_adapter(model, adapter)
        with torch.no_grad():
            for group in groups:
                for one in group["responses"]:
                    now = logprobs(model, group["prompt"], one["tokens"])
                    # Some ratios are clipped, and none of them is near a bound.
                    away = torch.tensor([0.0, 0.1, -0.1, 0.5, -0.5])[torch.randint(0, 5, now.shape, generator=generator)]
                    one[f"{kind}Logprob"] = (now - away).tolist()
        given = [{**group, "responses": [{**one, "logprob": one[f"{kind}Logprob"]} for one in group["responses"]]} for group in groups]
        loss = grpo(model, given)
        loss.backward()
        gradients = named(model, lambda parameter: parameter.grad if parameter.grad is not None else torch.zeros_like(parameter))
        parameters = named(model, lambda parameter: parameter)
        if kind == "lora":
            # d(B A) = dW: what each factor gets of it.
            parameters, inner = {key: value.clone() for key, value in adapter.items()}, gradients
            gradients = {}
            for key in adapter:
                module, which = key.removesuffix(".weight").rsplit(".", 1)
                d = inner[f"{module}.weight"] * ALPHA / RANK
                gradients[key] = adapter[f"{module}.lora_B.weight"].T @ d if which == "lora_A" else d @ adapter[f"{module}.lora_A.weight"].T
        after, norm = stepped({key: torch.nn.Parameter(value) for key, value in parameters.items()}, gradients)
        save_file(after, folder / f"{kind}.safetensors")
        found[kind] = {"loss": float(loss.detach()), "norm": norm}
    (folder / "expected.json").write_text(json.dumps(found))


def main():
    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for i, name in enumerate(KINDS):
        for j, (short, dtype) in enumerate({"f16": torch.float16, "bf16": torch.bfloat16}.items()):
            rng = random.Random(f"{name} {short} {seed}")
            tied = name in ALWAYS_TIED or (i + j + seed) % 2 == 0
            write(folder / f"{name}-{short}-{'tied' if tied else 'untied'}", shape(name, rng, tied), dtype, 1000 * seed + 2 * i + j)


if __name__ == "__main__":
    main()
