"""Groups whose rollouts arrive one by one, from several workers and in any order. Standard library only."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

Ask = Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]]

# Finished groups that are still known, for rollouts that come twice.
REMEMBERED = 4096


class IncompleteGroup(RuntimeError):
    """Rollouts that wait for siblings which did not arrive: a vote over them would be wrong."""


@dataclass(frozen=True)
class Sample:
    """One rollout, as it reaches the reward code."""

    group: str
    """What all rollouts of the group have in common: verl's ``uid``."""
    rollout: int
    """From 0: verl's ``session_id``."""
    problem: dict[str, Any]
    """As ``rollscope score`` takes it."""
    response: dict[str, Any]
    """``text``, ``ids``, ``finish``."""
    step: int


@dataclass
class _Group:
    size: int
    samples: dict[int, Sample] = field(default_factory=dict)
    outcome: "asyncio.Future[list[dict[str, Any]]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    timer: "asyncio.TimerHandle | None" = None


class GroupVotes:
    """
    Completes groups. Each rollout waits until its group is whole; then the group is asked about once, and each
    gets its own reward.

    ``patience`` is how many seconds a group may wait without another of its rollouts arriving.
    """

    def __init__(self, ask: Ask, patience: float) -> None:
        self._ask = ask
        self._patience = patience
        self._open: dict[str, _Group] = {}
        self._done: OrderedDict[str, _Group] = OrderedDict()
        # One process answers, line by line.
        self._asking = ThreadPoolExecutor(max_workers=1)

    async def reward(self, sample: Sample, size: int) -> dict[str, Any]:
        """``reward``, ``answer``, ``correct`` and the vote. Raises IncompleteGroup, or ScoreError."""
        group = self._done.get(sample.group) or self._open.get(sample.group) or self._begin(sample.group, size)
        if sample.group in self._open:
            self._add(group, sample)
        # Siblings wait for the same outcome: one that is canceled must not take it from them.
        outcome = await asyncio.shield(group.outcome)
        position = sorted(group.samples).index(sample.rollout)
        return outcome[position]

    async def correctness(self, sample: Sample) -> dict[str, Any]:
        """The same for a rollout of a validation, whose reward is whether it is right: 1, or 0."""
        [answer] = await self._answers([_line(sample, [sample.response])])
        [one] = _each(answer)
        return {**one, "reward": 1.0 if one["correct"] else 0.0}

    def _begin(self, name: str, size: int) -> _Group:
        group = self._open[name] = _Group(size)
        # There may be no one left to report a failure to.
        group.outcome.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        return group

    def _add(self, group: _Group, sample: Sample) -> None:
        if not 0 <= sample.rollout < group.size:
            self._finish(sample.group)
            error = f"Rollout {sample.rollout} of group {sample.group}, which has {group.size}, cannot be placed."
            group.outcome.set_exception(IncompleteGroup(error))
            return
        group.samples[sample.rollout] = sample
        if group.timer is not None:
            group.timer.cancel()
        if len(group.samples) < group.size:
            loop = asyncio.get_running_loop()
            group.timer = loop.call_later(self._patience, self._give_up, sample.group, group)
            return
        self._finish(sample.group)
        asyncio.get_running_loop().create_task(self._vote(group))

    def _give_up(self, name: str, group: _Group) -> None:
        self._finish(name)
        missing = sorted(set(range(group.size)) - set(group.samples))
        step = next(iter(group.samples.values())).step
        group.outcome.set_exception(
            IncompleteGroup(
                f"Group {name} of step {step} has {len(group.samples)} of {group.size} rollouts, and none came for "
                f"{self._patience:g} s: missing {', '.join(map(str, missing))}. It does not vote."
            )
        )

    def _finish(self, name: str) -> None:
        self._done[name] = self._open.pop(name)
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    async def _vote(self, group: _Group) -> None:
        samples = [group.samples[rollout] for rollout in sorted(group.samples)]
        try:
            [answer] = await self._answers([_line(samples[0], [sample.response for sample in samples])])
            group.outcome.set_result(_each(answer))
        except Exception as error:
            group.outcome.set_exception(error)

    async def _answers(self, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return await asyncio.get_running_loop().run_in_executor(self._asking, self._ask, lines)


def _line(sample: Sample, responses: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"id": sample.group, "problem": sample.problem, "step": sample.step, "responses": list(responses)}


def _each(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What is said of each rollout of a group, out of what is said of the group."""
    rewards: list[float] = answer["rewards"]
    correct: list[bool | None] = [None] * len(rewards)
    labeled = any("correct" in cluster for cluster in answer["clusters"])
    for cluster in answer["clusters"]:
        for member in cluster["members"]:
            correct[member - 1] = cluster.get("correct")
    # A response without an answer is wrong, where there is a reference answer.
    if labeled:
        correct = [one is True for one in correct]
    return [
        {
            # Rewards of a group that is left out of training are equal: no advantage.
            "reward": 0.0 if "skip" in answer else float(reward),
            "answer": answer["answers"][i],
            "correct": correct[i],
            "majority": answer["majority"],
            "share": answer["share"],
            "why": answer.get("skip") or answer["explanations"][i],
        }
        for i, reward in enumerate(rewards)
    ]
