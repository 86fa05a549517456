"""Shared by the peers: the model in float32, the number of threads, and peak memory.

The peers need Python with torch, transformers, peft, trl and gguf. Rollscope does not.
"""

import json
import os
import resource

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def start(threads):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    return torch


def load(file, **options):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, name = os.path.split(os.path.abspath(file))
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32, **options)
    # The weights are plain float32 now; leftovers of the file's format would keep TRL from training the model.
    model.hf_quantizer = None
    model.is_quantized = False
    for name in ("quantization_method", "_is_quantized_training_enabled"):
        if hasattr(model, name):
            delattr(model, name)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    return tokenizer, model


def lora(model, rank):
    from peft import LoraConfig, get_peft_model

    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    return get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets))


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def report(**values):
    print(json.dumps(values), flush=True)
