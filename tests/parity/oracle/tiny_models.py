"""Golden vectors of tiny random decoders, one of each architecture: log-probs, statistics, and gradients, dense and LoRA.

Writes, for each of MODELS (or those named on the command line), a folder `tests/parity/golden/<name>/` with
  config.json, model.safetensors   a Hugging Face model, weights in BF16 (so they are exact in every format)
  expected.json                    sequences, loss weights, per-token statistics and losses
  expected.safetensors             `grad.<parameter>` (F32), `lora.<module>.lora_A|B.weight` (BF16), `lora_grad.<the same>`
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
    AutoModelForCausalLM, LlamaConfig, MistralConfig, Olmo2Config, Qwen2Config, Qwen3Config
)

TEMPERATURE = 0.7
RANK, ALPHA = 4, 8
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

SMALL = dict(vocab_size=24, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False)
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
    "tiny-mistral": MistralConfig(**SMALL, head_dim=6, rms_norm_eps=1e-5, rope_theta=1e6, sliding_window=None,
                                  bos_token_id=None, eos_token_id=1),
}
DENSE_ONLY = {"tiny-qwen3", "tiny-mistral"}


def random_parameters(model, generator):
    """Every parameter drawn anew and rounded to bfloat16: norms near 1, biases clearly not 0, logits not flat."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                value = 1 + 0.2 * noise
            elif name.endswith("bias"):
                value = 0.3 * noise
            elif "embed_tokens" in name or "lm_head" in name:
                value = 0.25 * noise
            else:
                value = noise * (1.2 / parameter.shape[1] ** 0.5)
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


def main():
    chosen = sys.argv[1:] or list(MODELS)
    for seed, (name, config) in enumerate(MODELS.items(), start=11):
        if name not in chosen:
            continue
        generator = torch.Generator().manual_seed(seed)
        config._attn_implementation = "eager"
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        random_parameters(model, generator)
        model.eval()

        folder = GOLDEN / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        saved = {k: v.detach().to(torch.bfloat16).contiguous() for k, v in model.named_parameters()}
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
            expected[f"grad.{parameter}"] = value.grad.clone()

        with_lora = None
        if name not in DENSE_ONLY:
            model.requires_grad_(False)
            lora = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, lora_dropout=0.0,
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
            with_lora = {"loss": numbers([lora_loss.detach()])[0], "statistics": lora_rows}

        save_file({k: v.contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
        write_json(folder / "expected.json", {
            "temperature": TEMPERATURE,
            "lora": {"rank": RANK, "alpha": ALPHA, "targets": TARGETS},
            "sequences": sequences,
            "dense": {"loss": numbers([loss.detach()])[0], "statistics": rows},
            "withLora": with_lora,
        })


main()
