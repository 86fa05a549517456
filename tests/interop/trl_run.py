"""Makes a TRL output folder with TRL's own trainer: a tiny random model, two reward functions, logged completions.

usage: python trl_run.py <folder> [steps]     needs trl, torch, transformers, datasets, pandas, pyarrow
"""

import json
import random
import sys
from pathlib import Path

import torch
from datasets import Dataset
from tiny_model import SUMS, tiny
from trl import GRPOConfig, GRPOTrainer

def text_of(completion):
    return completion if isinstance(completion, str) else completion[0]["content"]


def accuracy_reward(completions, solution, **_):
    """Right where the boxed digit is the solution."""
    return [1.0 if f"\\boxed{{{s}}}" in text_of(c) else 0.0 for c, s in zip(completions, solution)]


def format_reward(completions, log_extra=None, **_):
    """Half a point for a box; nothing is said of an empty completion."""
    boxes = ["\\boxed{" in text_of(c) for c in completions]
    if log_extra:
        log_extra("has_box", boxes)
    return [None if text_of(c) == "" else 0.5 * box for c, box in zip(completions, boxes)]


def main():
    folder = Path(sys.argv[1])
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    torch.manual_seed(7)
    random.seed(7)
    model = tiny(folder / "model")
    rows = [
        {"prompt": [{"role": "user", "content": f"{question}?"}], "solution": answer} for question, answer in SUMS
    ]
    config = GRPOConfig(
        output_dir=str(folder / "output"),
        per_device_train_batch_size=8,
        num_generations=4,
        max_completion_length=12,
        max_steps=steps,
        logging_steps=1,
        save_steps=2,
        learning_rate=2e-3,
        log_completions=True,
        report_to=[],
        use_cpu=True,
        beta=0.04,
        seed=7,
        disable_tqdm=True,
    )
    trainer = GRPOTrainer(
        model=str(model),
        reward_funcs=[accuracy_reward, format_reward],
        args=config,
        train_dataset=Dataset.from_list(rows),
    )
    trainer.train()
    trainer.save_state()
    print(json.dumps({"output": config.output_dir, "steps": trainer.state.global_step}))


main()
