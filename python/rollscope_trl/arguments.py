"""What every training on TRL passes to ``trl.GRPOConfig``, whether Rollscope steers it or not."""

import os
from pathlib import Path
from typing import Any

import torch
from trl import GRPOConfig

from .job import split


def grpo_arguments(
    output: Path, *, steps: int, group: int, sequences: int, micro_batch: int, **more: Any
) -> GRPOConfig:
    """
    ``sequences``: rollouts of a step, of which ``group`` belong to each problem; ``micro_batch``: the most of them in a
    forward and backward pass on one device. ``more``: further fields.
    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    parts = split(sequences, processes, micro_batch)
    precision = os.environ.get("ACCELERATE_MIXED_PRECISION", "no")
    cpu = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    return GRPOConfig(
        output_dir=str(output),
        max_steps=steps,
        num_generations=group,
        generation_batch_size=sequences,
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
