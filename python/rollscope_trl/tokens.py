"""Numbers of the tokens of responses, and responses sampled outside of training, with transformers alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import GenerationConfig

Sequences = Sequence[tuple[list[int], list[int]]]


def token_statistics(
    model: Any, sequences: Sequences, *, temperature: float, batch: int, pad: int
) -> list[dict[str, list[float]]]:
    """
    Of each response of ``(prompt, response)``, under the model as it is: log-probability of each token, entropy (nats),
    logsumexp and mean of the logits divided by the temperature, and the two largest probabilities.

    Every process makes the same number of forward passes where all have as many sequences: sharded models need that.
    """
    found: list[dict[str, list[float]]] = []
    device = next(model.parameters()).device
    with torch.no_grad():
        for at in range(0, len(sequences), batch):
            part = sequences[at : at + batch]
            inputs, length = _padded(part, pad, device)
            # One more than the response has: each token is predicted by the one before it.
            logits = model(**inputs, logits_to_keep=length + 1, use_cache=False).logits
            for row, (_, response) in enumerate(part):
                ids = torch.tensor(response, device=device)
                found.append(_of_row(logits[row, : len(response)].float() / temperature, ids))
    return found


def _padded(part: Sequences, pad: int, device: torch.device) -> tuple[dict[str, torch.Tensor], int]:
    """Prompts end and responses begin at one column; also the length of the longest response."""
    before = max(len(prompt) for prompt, _ in part)
    length = max(len(response) for _, response in part)
    ids = torch.full((len(part), before + length), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, (prompt, response) in enumerate(part):
        start, end = before - len(prompt), before + len(response)
        ids[row, start:end] = torch.tensor(prompt + response)
        mask[row, start:end] = 1
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    inputs = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
    return {name: tensor.to(device) for name, tensor in inputs.items()}, length


def _of_row(logits: torch.Tensor, ids: torch.Tensor) -> dict[str, list[float]]:
    """Logits at the sampling temperature [tokens, vocabulary], token ids [tokens]."""
    logsumexp = torch.logsumexp(logits, dim=-1)
    probabilities = (logits - logsumexp.unsqueeze(-1)).exp()
    top = probabilities.topk(2, dim=-1).values
    columns = {
        "logprob": logits.gather(-1, ids.unsqueeze(-1)).squeeze(-1) - logsumexp,
        "entropy": logsumexp - (probabilities * logits).sum(-1),
        "logsumexp": logsumexp,
        "meanLogit": logits.mean(-1),
        "top1": top[:, 0],
        "top2": top[:, 1],
    }
    return {name: column.tolist() for name, column in columns.items()}


@dataclass(frozen=True)
class Sampling:
    """How responses are sampled; temperature 0 decodes greedily."""

    temperature: float
    top_p: float
    #: 0: all tokens.
    top_k: int
    max_tokens: int

    def generation(self, eos: Sequence[int], pad: int) -> dict[str, Any]:
        """All of it, so that nothing of the model's own generation_config is mixed in."""
        sampled = self.temperature > 0
        return {
            "max_new_tokens": self.max_tokens,
            "do_sample": sampled,
            "temperature": self.temperature if sampled else 1.0,
            "top_p": self.top_p if sampled else 1.0,
            "top_k": self.top_k if sampled else 50,
            "min_p": None,
            "repetition_penalty": 1.0,
            "eos_token_id": list(eos),
            "pad_token_id": pad,
        }


def generate(model: Any, prompts: Sequence[list[int]], generation: dict[str, Any], *, batch: int) -> list[list[int]]:
    """A response to each prompt; the end token is part of it."""
    responses: list[list[int]] = []
    eos, pad = generation["eos_token_id"], generation["pad_token_id"]
    config = GenerationConfig(**generation, disable_compile=True)
    device = next(model.parameters()).device
    with torch.no_grad():
        for at in range(0, len(prompts), batch):
            part = prompts[at : at + batch]
            inputs, _ = _padded([(prompt, []) for prompt in part], pad, device)
            del inputs["position_ids"]
            before = inputs["input_ids"].shape[1]
            output = model.generate(**inputs, generation_config=config)[:, before:].tolist()
            responses += [until_end(ids, eos) for ids in output]
    return responses


def until_end(ids: list[int], eos: Sequence[int]) -> list[int]:
    """Up to the first end token, which is part of the response."""
    ends = [at for at, token in enumerate(ids) if token in eos]
    return ids[: ends[0] + 1] if ends else ids
