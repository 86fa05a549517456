"""A rollout as it goes to Rollscope: text, tokens and numbers of each token."""

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Numbers of each token at the sampling temperature; see ``docs/trl.md``.
STATISTICS = ("logprob", "entropy", "logsumexp", "meanLogit", "top1", "top2")


@dataclass
class Rollout:
    """One response to a problem."""

    problem: int
    text: str
    ids: list[int]
    #: ``stop`` where the model ended it, ``length`` where the limit did.
    finish: str
    #: By name of ``STATISTICS``: one number per token.
    statistics: dict[str, list[float]] = field(default_factory=dict)

    def response(self) -> dict[str, Any]:
        """As ``rollscope score`` reads it."""
        known = {name: numbers(values) for name, values in self.statistics.items()}
        return {"text": self.text, "finish": self.finish, "ids": self.ids, **known}


def numbers(values: Iterable[float]) -> list[float]:
    """float32 numbers in as few digits as they need. Raises ValueError for one that is not finite."""
    short = [float(f"{value:.9g}") for value in values]
    if not all(math.isfinite(value) for value in short):
        raise ValueError("the statistics of a token are not finite: the weights may be NaN")
    return short


def write_lines(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Writes a file of JSON lines that appears whole or not at all. Numbers that are not finite become null."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".tmp")
    with open(aside, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(to_json(row) + "\n")
        out.flush()
        os.fsync(out.fileno())
    os.replace(aside, file)


def to_json(value: Any) -> str:
    """JSON in which what is not a finite number is null, as JSON has no other."""
    return json.dumps(_finite(value), allow_nan=False, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value
