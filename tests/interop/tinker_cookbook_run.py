"""Writes a log folder of tinker-cookbook with its own code: environments, group rollouts, logtree, rollout summaries, metrics.

What is sampled is made up here, as sampling needs Tinker's service. Each iteration logs the texts of its first groups only, as
`num_groups_to_log` says, and its groups are summarized in the order in which they were finished. The logtree is written again
without indentation, which is most of it.

usage: python tinker_cookbook_run.py <folder>     needs tinker-cookbook (without its dependencies), tinker, torch
"""

import asyncio
import json
import sys
from functools import partial
from pathlib import Path

from tinker_cookbook.completers import TokenCompleter, TokensWithLogprobs
from tinker_cookbook.renderers.role_colon import RoleColonRenderer
from tinker_cookbook.rl.problem_env import ProblemEnv, ProblemGroupBuilder
from tinker_cookbook.rl.rollout_logging import serialize_rollout_summaries
from tinker_cookbook.rl.rollouts import do_group_rollout
from tinker_cookbook.stores.storage import LocalStorage
from tinker_cookbook.stores.training_store import TrainingRunStore
from tinker_cookbook.utils import logtree

PROBLEMS = [("What is 2 + 3?", "5"), ("What is 7 x 8?", "56"), ("What is 9 - 3?", "6")]


class Characters:
    """A tokenizer with a token for each character."""

    name_or_path = "characters"
    eos_token_id = 0
    bos_token = None

    def encode(self, text, add_special_tokens=False):
        return [ord(character) for character in text]

    def decode(self, tokens, **_):
        return "".join(map(chr, tokens))


class SumEnv(ProblemEnv):
    def __init__(self, question, answer, renderer):
        super().__init__(renderer)
        self.question, self.answer = question, answer

    def get_question(self):
        return self.question

    def get_reference_answer(self):
        return self.answer

    def check_answer(self, sample_str):
        return f"\\boxed{{{self.answer}}}" in sample_str

    def check_format(self, sample_str):
        return "\\boxed" in sample_str


class Said(TokenCompleter):
    """Says one text after the other; the first is finished last."""

    def __init__(self, tokenizer, texts):
        self.tokenizer, self.texts, self.next = tokenizer, texts, 0

    async def __call__(self, model_input, stop, *, max_tokens=None):
        i = self.next
        self.next += 1
        await asyncio.sleep(0.01 * (len(self.texts) - i))
        tokens = self.tokenizer.encode(f" {self.texts[i]}\n\nUser:")
        return TokensWithLogprobs(tokens=tokens, maybe_logprobs=[-0.5] * len(tokens))


async def iterate(store, renderer, iteration, base_name="train"):
    groups = []
    logged = 2 if base_name == "train" and iteration == 0 else 1
    with logtree.init_trace(f"RL Iteration {iteration}", path=None) as trace:
        for i, (question, answer) in enumerate(PROBLEMS):
            right = f"The answer is \\boxed{{{answer}}}"
            wrong = f"Iteration {iteration}: \\boxed{{1}}"
            texts = [right, wrong, "I do not know.", f"Surely \\boxed{{{answer}}}"] if base_name == "train" else [right]
            builder = ProblemGroupBuilder(partial(SumEnv, question, answer, renderer), len(texts), "sums")
            with logtree.optional_enable_logging(i < logged):
                groups.append(await do_group_rollout(builder, Said(renderer.tokenizer, texts)))
    groups.reverse()
    split = "train" if base_name == "train" else "eval/sums"
    records = serialize_rollout_summaries(
        split=split,
        iteration=iteration,
        trajectory_groups_P=groups,
        taglist_P=[["sums"]] * len(groups),
        sampling_client_steps_P=[iteration] * len(groups),
    )
    store.write_logtree(iteration, trace.to_dict(), base_name=base_name)
    file = Path(sys.argv[1]) / f"iteration_{iteration:06d}" / f"{base_name}_logtree.json"
    file.write_text(json.dumps(json.loads(file.read_text())))
    store.write_rollouts(iteration, records, base_name=base_name)


async def main():
    store = TrainingRunStore(LocalStorage(Path(sys.argv[1])))
    renderer = RoleColonRenderer(Characters())
    store.write_config({"model_name": "tiny/sums", "learning_rate": 1e-4, "max_tokens": 64, "loss_fn": "importance_sampling"})
    for iteration in range(2):
        await iterate(store, renderer, iteration)
        store.write_metrics({"optim/lr": 1e-4, "env/all/reward/total": 0.5, "progress/done_frac": 0.5}, step=iteration)
    await iterate(store, renderer, 1, "eval_sums")


asyncio.run(main())
