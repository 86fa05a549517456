"""
Makes a TRL output folder in which rollouts are used for several updates and evaluations come between: chats of several turns,
three reward functions with weights, two iterations per generation, columns that functions log.

usage: python trl_reused_run.py <folder>     needs trl, torch, transformers, datasets, pandas, pyarrow
"""

import random
import sys
from pathlib import Path

import torch
from datasets import Dataset
from tiny_model import SUMS, tiny
from trl import GRPOConfig, GRPOTrainer


def text_of(completion):
    return completion[-1]["content"]


def correctness(completions, gold, source, log_extra=None, log_metric=None, **_):
    """Right where the boxed digit is the solution; logs what it was compared with."""
    values = [2.0 if f"\\boxed{{{g}}}" in text_of(c) else -1.0 for c, g in zip(completions, gold)]
    if log_extra:
        log_extra("ground_truth", list(gold))
        log_extra("source", list(source))
        log_extra("is_correct", [value > 0 for value in values])
    if log_metric:
        log_metric("solve_rate", sum(value > 0 for value in values) / len(values))
    return values


def brevity(completion_ids, **_):
    """Less for longer completions."""
    return [-0.01 * len(ids) for ids in completion_ids]


class Style:
    """An object as a reward function, which says nothing of most completions."""

    __name__ = "style"

    def __call__(self, completions, **_):
        return [0.25 if text_of(c).startswith("\\boxed") else None for c in completions]


def row(question, answer, place):
    turns = [("system", "3"), ("user", "2 + 2?"), ("assistant", "\\boxed{4}"), ("user", f"{question}?")]
    prompt = [{"role": role, "content": content} for role, content in turns]
    return {"prompt": prompt, "gold": answer, "source": f"set{place % 2}", "difficulty": place}


def main():
    folder = Path(sys.argv[1])
    torch.manual_seed(3)
    random.seed(3)
    model = tiny(folder / "model")
    rows = [row(question, answer, place) for place, (question, answer) in enumerate(SUMS)]
    config = GRPOConfig(
        output_dir=str(folder / "output"),
        per_device_train_batch_size=6,
        gradient_accumulation_steps=2,
        num_generations=6,
        num_iterations=2,
        steps_per_generation=4,
        max_completion_length=10,
        max_steps=6,
        logging_steps=1,
        save_steps=3,
        learning_rate=1e-3,
        log_completions=True,
        report_to=[],
        use_cpu=True,
        beta=0.0,
        seed=3,
        disable_tqdm=True,
        scale_rewards="none",
        reward_weights=[1.0, 0.5, 2.0],
        loss_type="dr_grpo",
        temperature=0.9,
        top_p=0.95,
        eval_strategy="steps",
        eval_steps=3,
        per_device_eval_batch_size=6,
        mask_truncated_completions=True,
    )
    trainer = GRPOTrainer(
        model=str(model),
        reward_funcs=[correctness, brevity, Style()],
        args=config,
        train_dataset=Dataset.from_list(rows),
        eval_dataset=Dataset.from_list(rows[:2]),
    )
    trainer.train()
    trainer.save_state()


main()
