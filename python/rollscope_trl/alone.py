"""A training on TRL that Rollscope prepared and does not steer: the folder of ``rollscope job --for trl``."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoTokenizer
from transformers.trainer_utils import get_last_checkpoint
from trl import GRPOConfig

from rollscope_score.node import score_command
from rollscope_score.process import ScoreProcess

from .arguments import adapter_config, grpo_arguments
from .groups import Ask, score_together
from .processes import AccelerateProcesses
from .rollout import Rollout
from .trainer import ScheduledTrainer
from .training import Training, read_fields

VERSION = 1
NAME = "rollscope"


@dataclass(frozen=True)
class Settings(Training):
    """``settings.json`` of the job; its problems are in ``problems.jsonl``."""

    #: Text of the chat template; None for the model's own.
    chat_template: str | None


def read_settings(file: Path) -> Settings:
    """Raises ValueError for settings of another version."""
    return Settings(**read_fields(file, VERSION))


def train(job: Path, out: Path, vllm: bool) -> None:
    """Trains, from the last checkpoint in ``out`` where there is one. Every process of the run does this."""
    settings = read_settings(job / "settings.json")
    problems = [json.loads(line) for line in (job / "problems.jsonl").read_text(encoding="utf-8").splitlines()]
    processes = AccelerateProcesses()
    score = ScoreProcess(score_command(job / "score"))
    tokenizer: Any = AutoTokenizer.from_pretrained(settings.model, padding_side="left")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if settings.chat_template is not None:
        tokenizer.chat_template = settings.chat_template
    chosen = [problem for batch in settings.batches for problem in batch]
    rows = {"problem": chosen, "prompt": [problems[problem]["prompt"] for problem in chosen]}
    trainer = ScheduledTrainer(
        model=settings.model,
        reward_funcs=[_reward(settings, problems, processes, _asks(score, problems))],
        args=_arguments(settings, out, vllm),
        train_dataset=Dataset.from_dict(rows),
        processing_class=tokenizer,
        peft_config=adapter_config(settings),
        rates=settings.rates,
    )
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(out)) if out.exists() else None)
    trainer.save_state()
    trainer.save_model(str(out / "final"))
    score.close()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    sys.stdout.flush()
    sys.stderr.flush()


def _asks(score: ScoreProcess, problems: list[dict[str, Any]]) -> Ask:
    """Groups name their problems by their places; the program is told what they are."""
    return lambda lines: score.ask([{**line, "problem": problems[line["problem"]]["problem"]} for line in lines])


def _reward(settings: Settings, problems: list[dict[str, Any]], processes: AccelerateProcesses, ask: Ask) -> Any:
    length = settings.trl["max_completion_length"]

    def rollscope(
        completions: list[Any],
        completion_ids: list[list[int]],
        problem: list[int],
        trainer_state: Any,
        log_extra: Any = None,
        **_: Any,
    ) -> list[float | None]:
        own = [
            Rollout(at, _text(completion), list(ids), "length" if len(ids) >= length else "stop")
            for at, completion, ids in zip(problem, completions, completion_ids, strict=True)
        ]
        step = trainer_state.global_step + 1
        rewards, _groups = score_together(processes, own, settings.group, step, ask)
        if log_extra is not None:
            # What the import needs to know the problems again.
            log_extra("problem_id", [problems[at]["id"] for at in problem])
            log_extra("reference", [problems[at]["reference"] for at in problem])
            log_extra("finish", [rollout.finish for rollout in own])
        return rewards

    return rollscope


def _text(completion: Any) -> str:
    return completion if isinstance(completion, str) else str(completion[-1]["content"])


def _arguments(settings: Settings, out: Path, vllm: bool) -> GRPOConfig:
    return grpo_arguments(
        out,
        settings,
        log_completions=True,
        **({"use_vllm": True, "vllm_mode": "colocate"} if vllm else {}),
        **{name: value for name, value in settings.trl.items() if vllm or not name.startswith("vllm_")},
    )
