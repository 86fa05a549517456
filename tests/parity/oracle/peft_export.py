"""LoRA adapters and merged weights against peft and transformers.

Needs torch, transformers, peft, safetensors and (for models in GGUF) gguf and accelerate; made with peft 0.21,
transformers 5.24. From the repository's root:

    python tests/parity/oracle/peft_export.py golden
        writes tests/parity/golden/peft/<case>/: adapter_config.json and adapter_model.safetensors as peft saves them,
        merged.safetensors (the weights of layer 1 after peft has merged the adapter in), and expected.json (sequences
        and their statistics with the adapter, temperature 1)

    python tests/parity/oracle/peft_export.py check FOLDER --base MODEL --rollouts FILE.jsonl [--merged FOLDER]
        checks what Rollscope has exported: `rollscope export RUN --format peft --out FOLDER`, and
        `rollscope export RUN --format jsonl --per-token --out FILE.jsonl`. Loads the adapter FOLDER with peft onto
        MODEL (a .gguf file or a Hugging Face folder), recomputes the greedy rollouts of the last step, and prints
        the largest differences of log-probs and entropies; with --merged (`--format safetensors`) also of the merged
        model, and of its logits to the adapted model's. Ends with status 1 when one is above 1e-3.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from common import GOLDEN, numbers, single_thread, write_json

torch = single_thread()
from peft import LoraConfig, PeftModel, get_peft_model  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CASES = {
    "all": dict(model="tiny-llama", r=4, lora_alpha=8, target_modules=ALL),
    "some": dict(model="tiny-qwen2", r=3, lora_alpha=5, target_modules=["q_proj", "v_proj"]),
    "scaled": dict(model="tiny-llama", r=4, lora_alpha=6, target_modules=["q_proj", "o_proj", "down_proj"],
                   use_rslora=True, rank_pattern={"down_proj": 2}, alpha_pattern={"layers.1.self_attn.q_proj": 1}),
}
TOLERANCE = 1e-3


def statistics(model, prompt, completion):
    """Log-prob of each completion token and entropy of its distribution, and the logits."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prompt + completion]), use_cache=False).logits[0]
    logits = logits[len(prompt) - 1 : -1].double()
    logp = torch.log_softmax(logits, -1)
    chosen = logp.gather(1, torch.tensor(completion)[:, None])[:, 0]
    return chosen, -(logp.exp() * logp).sum(-1), logits


def write_case(case, model, **options):
    base = AutoModelForCausalLM.from_pretrained(GOLDEN / model, dtype=torch.float32).eval()
    # peft writes down where the model lay.
    base.name_or_path = base.config._name_or_path = model
    adapted = get_peft_model(base, LoraConfig(lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", **options))
    generator = torch.Generator().manual_seed(options["r"])
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.copy_(0.2 * torch.randn(parameter.shape, generator=generator))
    adapted.eval()
    folder = GOLDEN / "peft" / case
    shutil.rmtree(folder, ignore_errors=True)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    sequences = json.loads((GOLDEN / model / "expected.json").read_text())["sequences"]
    rows = []
    for sequence in sequences:
        logprob, entropy, _ = statistics(adapted, sequence["prompt"], sequence["completion"])
        rows.append({"prompt": sequence["prompt"], "completion": sequence["completion"],
                     "logprob": numbers(logprob), "entropy": numbers(entropy)})
    write_json(folder / "expected.json", {"model": model, "sequences": rows})
    merged = {key: value.contiguous() for key, value in adapted.merge_and_unload().state_dict().items()
              if "layers.1." in key and key.endswith(tuple(f"{t}.weight" for t in options["target_modules"]))}
    save_file(merged, folder / "merged.safetensors", metadata={"format": "pt"})


def load_base(path):
    path = Path(path)
    if path.suffix != ".gguf":
        return (AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval(),
                AutoTokenizer.from_pretrained(path))
    return (AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval(),
            AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name))


def greedy_rollouts(file):
    rows = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["phase"] == "greedy"]
    last = max(row["step"] for row in rows)
    return last, [row for row in rows if row["step"] == last]


def prompt_ids(tokenizer, text):
    if not tokenizer.chat_template:
        return tokenizer(text, add_special_tokens=False).input_ids
    return list(tokenizer.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True,
                                              return_dict=True)["input_ids"])


def check(adapter, base, rollouts, merged):
    torch.set_num_threads(2)
    step, rows = greedy_rollouts(rollouts)
    model, tokenizer = load_base(base)
    prompts = [prompt_ids(tokenizer, row["prompt"]) for row in rows]

    def differences(what, network):
        logprob = entropy = 0.0
        all_logits = []
        for row, prompt in zip(rows, prompts):
            chosen, spread, logits = statistics(network, prompt, row["tokenIds"])
            logprob = max(logprob, (chosen - torch.tensor(row["tokenLogprobs"])).abs().max().item())
            entropy = max(entropy, (spread - torch.tensor(row["tokenEntropies"])).abs().max().item())
            all_logits.append(logits)
        print(f"{what}: log-prob {logprob:.2e}, entropy {entropy:.2e}")
        return max(logprob, entropy), torch.cat(all_logits)

    def distance(what, a, b):
        print(f"{what}: {(a - b).abs().max().item():.2e}")
        return (a - b).abs().max().item()

    print(f"step {step}, {len(rows)} greedy rollouts, {sum(len(row['tokenIds']) for row in rows)} tokens")
    print("largest differences to Rollscope's statistics")
    _, plain = differences("  base model without the adapter", model)
    adapted = PeftModel.from_pretrained(model, adapter).eval()
    worst, logits = differences("  adapter, loaded by peft", adapted)
    print("largest differences of logits")
    if distance("  adapted to base (must not be 0)", logits, plain) == 0:
        return 1
    if merged:
        network = AutoModelForCausalLM.from_pretrained(merged).eval()
        print(f"merged folder: {network.config.model_type}, {network.dtype}")
        own = AutoTokenizer.from_pretrained(merged)
        if [prompt_ids(own, row["prompt"]) for row in rows] != prompts:
            print("the merged folder's tokenizer makes other prompts")
            worst = float("inf")
        if own.eos_token_id != tokenizer.eos_token_id:
            print(f"the merged folder's end token is {own.eos_token_id}, the model's {tokenizer.eos_token_id}")
            worst = float("inf")
        other, merged_logits = differences("  merged weights, loaded by transformers", network)
        worst = max(worst, other, distance("  merged to adapted", merged_logits, logits))
        mine = network.state_dict()
        by_peft = max((value - mine[key]).abs().max().item()
                      for key, value in adapted.merge_and_unload().state_dict().items())
        print(f"merged weights to peft's own: {by_peft:.2e}")
        worst = max(worst, by_peft)
    return 0 if worst < TOLERANCE else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("golden")
    checking = commands.add_parser("check")
    checking.add_argument("adapter")
    checking.add_argument("--base", required=True)
    checking.add_argument("--rollouts", required=True)
    checking.add_argument("--merged")
    given = parser.parse_args()
    if given.command == "golden":
        for case, options in CASES.items():
            write_case(case, **options)
    else:
        sys.exit(check(given.adapter, given.base, given.rollouts, given.merged))


main()
