"""Whole groups out of what is on several processes. Standard library only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .rollout import Rollout


class Processes(Protocol):
    """What the processes of a run do together. Every one of them must make each call."""

    @property
    def index(self) -> int: ...

    def gather(self, items: list[Any]) -> list[Any]:
        """The items of all processes, in the order of the processes."""

    def broadcast(self, value: Any) -> Any:
        """What the first process gives."""


@dataclass(frozen=True)
class ScoredGroup:
    """A whole group with what ``rollscope score`` says of it."""

    problem: int
    rollouts: list[Rollout]
    answer: dict[str, Any]


class IncompleteGroup(RuntimeError):
    """Rollouts that do not make whole groups: a vote over them would be wrong."""


def whole_groups(rollouts: Sequence[Rollout], size: int) -> list[list[Rollout]]:
    """
    The groups of gathered rollouts, each ``size`` that follow each other.

    Raises IncompleteGroup where they are not of one problem each.
    """
    groups = [list(rollouts[at : at + size]) for at in range(0, len(rollouts), size)]
    for group in groups:
        problems = {rollout.problem for rollout in group}
        if len(group) != size or len(problems) != 1:
            raise IncompleteGroup(
                f"{len(group)} rollouts of the problems {sorted(problems)} are together, "
                f"where {size} of one problem should be"
            )
    return groups


Ask = Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]]


def score_together(
    processes: Processes, own: list[Rollout], size: int, step: int, ask: Ask
) -> tuple[list[float | None], list[ScoredGroup]]:
    """
    Rewards of this process's rollouts, voted on by whole groups: a group may be on several processes.

    The first process asks; what goes wrong there is raised on all. Also returns the groups, on the first process only.
    """
    gathered = processes.gather(own)
    before = sum(processes.gather([len(own)])[: processes.index])
    groups: list[ScoredGroup] = []
    outcome: tuple[list[float | None] | None, str] = (None, "")
    if processes.index == 0:
        try:
            groups = _scored(whole_groups(gathered, size), step, ask)
            outcome = ([reward for group in groups for reward in _rewards(group)], "")
        except Exception as error:
            outcome = (None, f"{type(error).__name__}: {error}")
    rewards, failure = processes.broadcast(outcome)
    if rewards is None:
        raise RuntimeError(failure)
    return rewards[before : before + len(own)], groups


def _rewards(group: ScoredGroup) -> list[float | None]:
    """None for a group that the reward leaves out of training: TRL then gives it no advantage."""
    rewards: list[float | None] = group.answer["rewards"]
    return [None] * len(rewards) if "skip" in group.answer else rewards


def _scored(groups: list[list[Rollout]], step: int, ask: Ask) -> list[ScoredGroup]:
    lines = [
        {"problem": group[0].problem, "step": step, "responses": [rollout.response() for rollout in group]}
        for group in groups
    ]
    answers = ask(lines)
    return [ScoredGroup(group[0].problem, group, answer) for group, answer in zip(groups, answers, strict=True)]
