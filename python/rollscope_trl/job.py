"""What a run on TRL is told: one JSON file, written by Rollscope."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .training import Training, read_fields

VERSION = 2


@dataclass(frozen=True)
class Prompt:
    """A problem's prompt exactly as the model gets it."""

    text: str
    tokens: list[int]


@dataclass(frozen=True)
class Job(Training):
    """Everything that a run needs; paths are absolute."""

    #: Where rollouts, events and TRL's checkpoints go.
    folder: Path
    #: By problem.
    prompts: list[Prompt]
    #: The command that answers groups with rewards.
    score: list[str]
    #: Folder of the checkpoint to resume from.
    resume: str | None


def read_job(file: str) -> Job:
    """Reads a job. Raises ValueError for one that another version wrote."""
    values = read_fields(Path(file), VERSION)
    prompts = [Prompt(**prompt) for prompt in _lines(values["prompts"])]
    return Job(**{**values, "folder": Path(values["folder"]), "prompts": prompts})


def _lines(file: str) -> list[dict[str, Any]]:
    with open(file, encoding="utf-8") as text:
        rows = [json.loads(line) for line in text if line.strip()]
    return [{"text": row["text"], "tokens": row["tokens"]} for row in rows]


@dataclass(frozen=True)
class Split:
    """How the sequences of a step are divided: ``processes * per_device * accumulation`` of them."""

    per_device: int
    accumulation: int


def split(sequences: int, processes: int, most: int) -> Split:
    """
    The largest equal parts of a step of at most ``most`` sequences for each process.

    Raises ValueError where the processes cannot have equally many.
    """
    if sequences % processes != 0:
        raise ValueError(
            f"a step has {sequences} rollouts, which {processes} processes cannot share equally: "
            "change --batch, --group or the number of processes"
        )
    local = sequences // processes
    per_device = max(size for size in range(1, min(most, local) + 1) if local % size == 0)
    return Split(per_device, local // per_device)
