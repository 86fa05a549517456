"""The one process of a job in which groups come together, however many workers and nodes its rollouts come from."""

import os
from typing import Any

import ray

from rollscope_score.node import score_command
from rollscope_score.process import ScoreProcess

from .groups import GroupVotes, Sample

NAME = "rollscope_groups"
# Rollouts of a step that may wait at the same time.
WAITING = 100_000
# Seconds.
PATIENCE = 3600.0


class GroupActor:
    """GroupVotes behind a process of ``rollscope score``, as a Ray actor."""

    def __init__(self) -> None:
        patience = float(os.environ.get("ROLLSCOPE_GROUP_PATIENCE", PATIENCE))
        self._score = ScoreProcess(score_command())
        self._votes = GroupVotes(self._score.ask, patience)

    async def reward(self, sample: Sample, size: int) -> dict[str, Any]:
        return await self._votes.reward(sample, size)

    async def correctness(self, sample: Sample) -> dict[str, Any]:
        return await self._votes.correctness(sample)


def shared_actor() -> Any:
    """The actor of this job; the first worker that asks makes it."""
    remote = ray.remote(num_cpus=0, max_concurrency=WAITING)(GroupActor)
    return remote.options(name=NAME, get_if_exists=True).remote()
