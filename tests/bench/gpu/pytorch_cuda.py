"""The same work in PyTorch on CUDA, float32: python3 pytorch_cuda.py '<config.json of the model>'.

Needs torch with CUDA and transformers; LoRA needs peft. What is missing is said in the result. Prints one JSON line.
"""

import json
import sys
import time

PROMPT, DECODED, UPDATED_PROMPT, UPDATED, ROWS = 150, 64, 152, 128, 8


def missing():
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    if not torch.cuda.is_available():
        return "torch finds no CUDA device"
    try:
        import transformers  # noqa: F401
    except ImportError:
        return "transformers is not installed"
    return None


def timed(work):
    import torch

    torch.cuda.synchronize()
    begin = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - begin


def decode(model, rows):
    import torch

    torch.cuda.reset_peak_memory_stats()
    ids = torch.randint(8, model.config.vocab_size, (1, PROMPT), device="cuda").expand(rows, PROMPT)
    options = dict(do_sample=True, temperature=1.0, top_k=0, top_p=1.0, use_cache=True, pad_token_id=2)

    def run():
        with torch.inference_mode():
            model.generate(
                ids, attention_mask=torch.ones_like(ids), min_new_tokens=DECODED, max_new_tokens=DECODED, **options
            )

    run()
    seconds = timed(run)
    return dict(
        rows=rows,
        seconds=seconds,
        tokensPerSecond=rows * DECODED / seconds,
        gpuBytes=torch.cuda.max_memory_allocated(),
    )


def update(model):
    import torch
    from peft import LoraConfig, get_peft_model

    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=targets))
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    torch.cuda.reset_peak_memory_stats()
    ids = torch.randint(8, model.config.vocab_size, (ROWS, UPDATED_PROMPT + UPDATED), device="cuda")
    advantage = torch.linspace(-1, 1, ROWS, device="cuda")[:, None]

    def run():
        optimizer.zero_grad()
        logits = model(input_ids=ids, logits_to_keep=UPDATED + 1).logits[:, :-1]
        logprob = torch.log_softmax(logits, -1).gather(-1, ids[:, UPDATED_PROMPT:, None])[..., 0]
        (-(advantage * torch.exp(logprob - logprob.detach())).mean()).backward()
        optimizer.step()

    run()
    return dict(rows=ROWS, seconds=timed(run), gpuBytes=torch.cuda.max_memory_allocated())


def main():
    reason = missing()
    if reason:
        return {"failed": reason}
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    settings = json.loads(sys.argv[1])
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).to("cuda")
    found = {"torch": torch.__version__, "gpu": torch.cuda.get_device_name()}
    for rows in (1, 8, 64):
        found[f"decode-{rows}"] = decode(model, rows)
    try:
        found["update"] = update(model)
    except ImportError:
        found["update"] = {"failed": "peft is not installed"}
    return found


print(json.dumps(main()), flush=True)
