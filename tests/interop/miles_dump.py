"""Writes what miles dumps with `--dump-details`, with miles' own code: `save_debug_rollout_data` of `debug_data.py`.

The module is loaded from a checkout, with its `Sample` and without the rest of miles, which needs Ray and SGLang.

usage: python miles_dump.py <miles checkout> <folder>     needs torch, polars, numpy
"""

import dataclasses
import enum
import importlib.util
import json
import sys
import types
from argparse import Namespace
from pathlib import Path


class Status(enum.Enum):
    COMPLETED = "completed"
    TRUNCATED = "truncated"


@dataclasses.dataclass
class Sample:
    """The fields of miles' `Sample` that its dump reads."""

    group_index: int
    index: int
    prompt: object
    tokens: list
    response: str
    response_length: int
    reward: object
    loss_mask: list | None
    rollout_log_probs: list | None
    status: Status
    metadata: dict

    def to_dict(self):
        return {"index": self.index, "response": self.response}


def debug_data(checkout: Path):
    """The module that dumps, with a stand-in for `miles.utils.types`, which imports the whole of miles."""
    stand_in = types.ModuleType("miles.utils.types")
    stand_in.Sample = Sample
    sys.modules["miles.utils.types"] = stand_in
    spec = importlib.util.spec_from_file_location("debug_data", checkout / "miles/ray/rollout/debug_data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(index: int, group: int, right: bool, *, is_multi_turn: bool) -> Sample:
    question = [{"role": "user", "content": ["What is 2 + 3?", "What is 7 x 8?"][group]}]
    answer = ["5", "56"][group] if right else "1"
    said = {"role": "assistant", "content": f"The answer is \\boxed{{{answer}}}"}
    turns = [said]
    mask, logprobs = [1, 1, 1], [-0.5, -1.0, -1.5]
    if is_multi_turn:
        call = {"function": {"name": "calculator", "arguments": '{"sum": "2 + 3"}'}}
        thought = {"role": "assistant", "content": "", "reasoning_content": "Maybe \\boxed{9}.", "tool_calls": [call]}
        turns = [thought, {"role": "tool", "name": "calculator", "content": "\\boxed{8}"}, said]
        # two tokens are the tool's
        mask, logprobs = [1, 0, 0, 1, 1], [-0.5, 0.0, 0.0, -1.0, -1.5]
    return Sample(
        group_index=group,
        index=index,
        prompt=question,
        tokens=[7, 8] + list(range(10, 10 + len(mask))),
        response=said["content"],
        response_length=len(mask),
        reward=float(right),
        loss_mask=mask,
        rollout_log_probs=logprobs,
        status=Status.COMPLETED if right else Status.TRUNCATED,
        metadata={"messages": question + turns},
    )


def main():
    checkout, folder = Path(sys.argv[1]), Path(sys.argv[2])
    dump = debug_data(checkout)
    args = Namespace(
        save_debug_rollout_data=f"{folder}/rollout_data/{{rollout_id}}.pt",
        save_debug_trajectory_data=f"{folder}/trajectory/{{rollout_id}}.jsonl",
    )
    for rollout in range(3):
        samples = [
            sample(rollout * 8 + i, i % 2, right=i < 6 - 2 * rollout, is_multi_turn=i == 2) for i in range(8)
        ]
        if rollout == 2:
            # rollouts of one turn have no conversation
            for one in samples:
                one.metadata.pop("messages")
        dump.save_debug_rollout_data(args, samples, rollout_id=rollout, evaluation=False)
    measured = {"sums": {"samples": [sample(100 + i, i, True, is_multi_turn=False) for i in range(2)]}}
    dump.save_debug_rollout_data(args, measured, rollout_id=1, evaluation=True)
    # as the stream of the dashboard's collector has it
    (folder / "dashboard").mkdir()
    with open(folder / "dashboard" / "metrics.jsonl", "w") as out:
        for rollout in range(3):
            metrics = {"rollout/response_len/mean": 3.25, "rollout/truncated_ratio": 0.25 * (rollout + 1)}
            record = {"ts": 1.0 + rollout, "step_key": "rollout/step", "step": rollout, "metrics": metrics}
            out.write(json.dumps(record) + "\n")
            losses = {"train/loss": 0.5, "train/grad_norm": 1.0}
            out.write(json.dumps({"ts": 1.5 + rollout, "step_key": "train/step", "step": rollout * 2, "metrics": losses}) + "\n")


main()
