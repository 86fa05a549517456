"""What every training on TRL is told, whether Rollscope steers it or not: the fields of a JSON file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Training:
    """What is trained, on what, and how."""

    #: The folder of a Hugging Face model, or a Hub id.
    model: str
    #: The problems of each step, as places in the list of problems; all of one length.
    batches: list[list[int]]
    #: Rollouts per problem.
    group: int
    #: The most sequences of a forward and backward pass on one device.
    micro_batch: int
    #: Learning rate of each step.
    rates: list[float]
    #: Fields of ``trl.GRPOConfig``.
    trl: dict[str, Any]
    #: Fields of ``peft.LoraConfig``; None trains all weights.
    lora: dict[str, Any] | None

    @property
    def steps(self) -> int:
        return len(self.batches)

    @property
    def sequences(self) -> int:
        """Rollouts of a step."""
        return len(self.batches[0]) * self.group


def read_fields(file: Path, version: int) -> dict[str, Any]:
    """The fields of a training. Raises ValueError for a file that another version wrote."""
    values = json.loads(file.read_text(encoding="utf-8"))
    if values.pop("version", None) != version:
        raise ValueError(f"{file} is not of this version of Rollscope")
    return values
