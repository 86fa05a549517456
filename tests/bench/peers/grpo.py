"""One GRPO step of TRL: python grpo.py <model.gguf> <threads> <problems> <group> <new> <problems.jsonl>.

The second of two steps is timed. Gradient checkpointing is off and micro-batches contain one group: the fastest of the
settings tried that fits into memory.
"""

import json
import sys
import tempfile
import time

from common import load, lora, peak_bytes, report, start

model_file, threads, problems, group, new = sys.argv[1], *map(int, sys.argv[2:6])
torch = start(threads)
from datasets import Dataset  # noqa: E402
from transformers import TrainerCallback  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

tokenizer, model = load(model_file)
tokenizer.pad_token = tokenizer.eos_token
with open(sys.argv[6], encoding="utf-8") as lines:
    rows = [json.loads(line) for line, _ in zip(lines, range(problems))]
suffix = "\n\nPlease reason step by step, and put your final answer within \\boxed{}."
prompts = [[{"role": "user", "content": row["question"] + suffix}] for row in rows]


def reward(completions, **_):
    # Half of each group is rewarded, so that every rollout has a nonzero advantage, as in Rollscope's case.
    return [float(i % 2) for i in range(len(completions))]


times = []
sampled = []


class Clock(TrainerCallback):
    def on_step_begin(self, *_, **__):
        times.append(time.perf_counter())

    def on_step_end(self, *_, **__):
        times.append(time.perf_counter())


class Timed(GRPOTrainer):
    def _generate(self, *args, **kwargs):
        begin = time.perf_counter()
        result = super()._generate(*args, **kwargs)
        sampled.append(time.perf_counter() - begin)
        return result


with tempfile.TemporaryDirectory() as folder:
    trainer = Timed(
        model=lora(model, 16),
        reward_funcs=reward,
        processing_class=tokenizer,
        train_dataset=Dataset.from_dict({"prompt": prompts}),
        args=GRPOConfig(
            output_dir=folder,
            per_device_train_batch_size=group,
            gradient_accumulation_steps=problems,
            num_generations=group,
            max_completion_length=new,
            # Every completion has the full length, so that both sides do the same work.
            generation_kwargs={"min_new_tokens": new},
            temperature=1.0,
            beta=0.0,
            learning_rate=1e-5,
            max_steps=2,
            gradient_checkpointing=False,
            bf16=False,
            use_cpu=True,
            report_to=[],
            logging_strategy="no",
            save_strategy="no",
            disable_tqdm=True,
        ),
        callbacks=[Clock()],
    )
    trainer.train()
report(seconds=times[3] - times[2], samplingSeconds=sampled[-1], peakBytes=peak_bytes())
