"""What a reward function that votes on what it is given gets to see: TRL alone, on two processes.

usage: torchrun --nproc_per_node 2 naive_reward.py <model> <folder>

Writes what each process saw: `<folder>/<rank>.jsonl`, one line per call with completions and the rewards of their vote.
"""

import json
import os
import re
import sys
from collections import Counter

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

model, folder = sys.argv[1:3]
rank = os.environ["RANK"]


def answer(text):
    found = re.findall(r"\\boxed\{([^}]*)\}", text)
    return found[-1] if found else None


def majority_reward(prompts, completions, **_):
    answers = [answer(text) for text in completions]
    winner = Counter(one for one in answers if one is not None).most_common(1)
    rewards = [float(bool(winner) and one == winner[0][0]) for one in answers]
    with open(f"{folder}/{rank}.jsonl", "a", encoding="utf-8") as out:
        out.write(json.dumps({"prompts": prompts, "completions": completions, "rewards": rewards}) + "\n")
    return rewards


config = GRPOConfig(
    output_dir=f"{folder}/output",
    per_device_train_batch_size=4,
    num_generations=8,
    max_completion_length=8,
    max_steps=6,
    learning_rate=1e-4,
    save_strategy="no",
    report_to=[],
    use_cpu=True,
    bf16=False,
    disable_tqdm=True,
    seed=5,
)
rows = [{"prompt": f"<user>{question}?<assistant>"} for question in ("2 + 3", "7 - 4", "4 + 4", "9 - 3")]
GRPOTrainer(model=model, reward_funcs=[majority_reward], args=config, train_dataset=Dataset.from_list(rows)).train()
