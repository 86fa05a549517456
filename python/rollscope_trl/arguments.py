"""What every training on TRL passes to ``trl.GRPOConfig``, whether Rollscope steers it or not."""

import os
from pathlib import Path
from typing import Any

import torch
from trl import GRPOConfig

from .job import split
from .training import Training


def grpo_arguments(output: Path, training: Training, **more: Any) -> GRPOConfig:
    """``more``: further fields."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    parts = split(training.sequences, processes, training.micro_batch)
    precision = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    return GRPOConfig(
        output_dir=str(output),
        max_steps=training.steps,
        num_generations=training.group,
        generation_batch_size=training.sequences,
        per_device_train_batch_size=parts.per_device,
        gradient_accumulation_steps=parts.accumulation,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=cpu or not torch.accelerator.is_available(),
        logging_steps=1,
        shuffle_dataset=False,
        remove_unused_columns=False,
        report_to=[],
        **more,
    )


def adapter_config(training: Training) -> Any:
    """``peft.LoraConfig``; None trains all weights. PEFT is loaded only for an adapter."""
    if training.lora is None:
        return None
    from peft import LoraConfig

    return LoraConfig(task_type="CAUSAL_LM", **training.lora)
