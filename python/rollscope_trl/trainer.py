"""
TRL's GRPO trainer with three changes that its public extension points do not reach: prompts are tokenized as Rollscope
did, learning rates are Rollscope's, and the advantages that train are recorded with their rollouts.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from trl import GRPOTrainer


class ScheduledTrainer(GRPOTrainer):
    """``rates``: learning rate of each step."""

    def __init__(self, *args: Any, rates: Sequence[float], **kwargs: Any) -> None:
        self._rates = list(rates)
        super().__init__(*args, **kwargs)

    def create_scheduler(self, num_training_steps: int, optimizer: Optimizer | None = None) -> LambdaLR:
        rates, peak = self._rates, self.args.learning_rate

        def factor(step: int) -> float:
            return rates[min(step, len(rates) - 1)] / peak

        scheduler = LambdaLR(optimizer or self.optimizer, factor)
        self.lr_scheduler = scheduler
        return scheduler


class RollscopeTrainer(ScheduledTrainer):
    """``tokens``: those of each prompt by its text."""

    def __init__(
        self,
        *args: Any,
        tokens: dict[str, list[int]],
        on_advantages: Callable[[list[float | None]], None],
        **kwargs: Any,
    ) -> None:
        self._tokens = tokens
        self._on_advantages = on_advantages
        super().__init__(*args, **kwargs)

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        # A tokenizer may add a beginning token that the rendered text has already.
        return [list(self._tokens[prompt]) for prompt in prompts], None, {}

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        advantages = output.get("advantages")
        # Of all processes, in their order, as the rewards were gathered.
        gathered = None if advantages is None else self.accelerator.gather(advantages.detach().float())
        self._on_advantages([] if gathered is None else _numbers(gathered))
        return output


def _numbers(values: torch.Tensor) -> list[float | None]:
    return [None if value != value else value for value in values.cpu().flatten().tolist()]
