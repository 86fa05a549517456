"""The reward function that TRL calls, and the files of rollouts that Rollscope reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .commands import Events
from .groups import Ask, Processes, ScoredGroup, score_together
from .rollout import Rollout, numbers, write_lines


class Recorder:
    """Rewards rollouts by whole groups, and writes them once their advantages are known."""

    def __init__(self, folder: Path, processes: Processes, events: Events | None, ask: Ask, group: int) -> None:
        self._folder = folder
        self._processes = processes
        #: None on all processes but the first.
        self._events = events
        self._ask = ask
        self._group = group
        self._waiting: tuple[int, list[ScoredGroup]] = (0, [])

    def reward(self, rollouts: list[Rollout], step: int) -> list[float | None]:
        """The rewards of this process's rollouts, which are a part of the step's."""
        rewards, groups = score_together(self._processes, rollouts, self._group, step, self._ask)
        self._waiting = (step, groups)
        return rewards

    def advantages(self, values: Sequence[float | None]) -> None:
        """Those of the whole step, in the order of its rollouts; none where the trainer does not say them."""
        step, groups = self._waiting
        self._waiting = (0, [])
        if self._events is None or not groups:
            return
        rows = [row for group in groups for row in _rows(group, step)]
        if len(values) == len(rows):
            rows = [{**row, "advantage": value} for row, value in zip(rows, values, strict=True)]
        self.write("train", step, rows)

    def sampled(self, phase: str, step: int, rollouts: Sequence[Rollout]) -> None:
        """Rollouts that do not train."""
        self.write(phase, step, [_row(rollout, phase, step) for rollout in rollouts])

    def write(self, phase: str, step: int, rows: list[dict[str, Any]]) -> None:
        if self._events is None:
            return
        file = self._folder / f"{phase}-{step:06d}.jsonl"
        write_lines(file, rows)
        self._events.tell("rollouts", phase=phase, step=step, file=file.name)


def _rows(group: ScoredGroup, step: int) -> list[dict[str, Any]]:
    rewards: list[float] = group.answer["rewards"]
    rows = [
        {**_row(rollout, "train", step), "reward": reward}
        for rollout, reward in zip(group.rollouts, rewards, strict=True)
    ]
    evidence = group.answer.get("evidence")
    if evidence:
        # Of the whole group; the first of its rows has it.
        rows[0]["evidence"] = evidence
    return rows


def _row(rollout: Rollout, phase: str, step: int) -> dict[str, Any]:
    return {
        "step": step,
        "phase": phase,
        "problem": rollout.problem,
        "response": rollout.text,
        "finish": rollout.finish,
        "ids": rollout.ids,
        **{name: numbers(values) for name, values in rollout.statistics.items()},
    }
