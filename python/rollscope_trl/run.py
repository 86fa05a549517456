"""A run on TRL, from its job to its end. Every process of the run does this."""

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoTokenizer
from trl import GRPOConfig
from trl.models.utils import unwrap_model_for_generation

from rollscope_score.process import ScoreProcess

from .arguments import adapter_config, grpo_arguments
from .commands import Commands, Events
from .driver import Driver, Ended
from .job import Job, read_job
from .processes import AccelerateProcesses
from .recorder import Recorder
from .rollout import Rollout
from .tokens import Sampling, generate, token_statistics
from .trainer import RollscopeTrainer

PACKAGES = ("trl", "transformers", "accelerate", "torch", "datasets", "peft", "vllm")


def main(argv: Sequence[str]) -> None:
    """``train_trl.py <job.json>``."""
    if len(argv) != 2:
        raise SystemExit("usage: train_trl.py <job.json>")
    job = read_job(argv[1])
    arguments = _arguments(job)
    processes = AccelerateProcesses()
    first = processes.index == 0
    commands = Commands() if first else None
    events = Events(job.folder / "events.jsonl") if first else None
    score = ScoreProcess(job.score)
    recorder = Recorder(job.folder / "rollouts", processes, events, score.ask, job.group)
    run = _Run(job, processes, recorder)
    trainer = run.trainer(arguments)
    trainer.add_callback(Driver(processes, commands, events, run.sample, job.resume))
    if events:
        _tell_ready(events, trainer, processes.count)
    with contextlib.suppress(Ended):
        trainer.train(resume_from_checkpoint=job.resume)
    score.close()
    if events:
        events.tell("ended", step=trainer.state.global_step)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    # Libraries may leave threads behind that wait for ever; everything is written.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class _Run:
    """What the reward function and the sampling of a run share."""

    def __init__(self, job: Job, processes: AccelerateProcesses, recorder: Recorder) -> None:
        self._job = job
        self._processes = processes
        self._recorder = recorder
        self._tokenizer: Any = AutoTokenizer.from_pretrained(job.model, padding_side="left")
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._trainer: RollscopeTrainer | None = None

    def trainer(self, arguments: GRPOConfig) -> RollscopeTrainer:
        job = self._job
        problems = [problem for batch in job.batches for problem in batch]
        rows = {"problem": problems, "prompt": [job.prompts[problem].text for problem in problems]}
        self._trainer = RollscopeTrainer(
            model=job.model,
            reward_funcs=[self._reward_function()],
            args=arguments,
            train_dataset=Dataset.from_dict(rows),
            processing_class=self._tokenizer,
            peft_config=adapter_config(job),
            rates=job.rates,
            tokens={prompt.text: prompt.tokens for prompt in job.prompts},
            on_advantages=self._recorder.advantages,
        )
        return self._trainer

    def _reward_function(self) -> Any:
        # TRL names the rewards in its log after the function.
        def rollscope(
            completions: list[str], completion_ids: list[list[int]], problem: list[int], trainer_state: Any, **_: Any
        ) -> list[float | None]:
            rollouts = self._measured(problem, completion_ids, completions, self._job.trl["temperature"])
            return self._recorder.reward(rollouts, trainer_state.global_step + 1)

        return rollscope

    def sample(self, command: dict[str, Any]) -> None:
        """Responses to problems outside of training, each process to a part of them."""
        problems, rows = command["problems"], command["rows"]
        wanted = [problem for problem in problems for _ in range(rows)]
        share = -(-len(wanted) // self._processes.count)
        start = share * self._processes.index
        # All have as many, so that sharded models make as many passes everywhere; the last are left out again.
        own = [wanted[min(at, len(wanted) - 1)] for at in range(start, start + share)]
        sampling = Sampling(**command["sampling"])
        assert self._trainer is not None
        generation = sampling.generation(self._eos(), self._tokenizer.pad_token_id)
        seed = [self._job.trl["seed"], command["step"], len(command["phase"]), self._processes.index]
        with (
            _random_numbers_of_its_own(seed),
            unwrap_model_for_generation(
                self._trainer.model_wrapped, self._trainer.accelerator, generation_kwargs=generation
            ) as model,
        ):
            training = model.training
            model.eval()
            ids = generate(
                model,
                [self._job.prompts[problem].tokens for problem in own],
                generation,
                batch=self._job.micro_batch,
            )
            model.train(training)
        texts = self._tokenizer.batch_decode(ids, skip_special_tokens=True)
        rollouts = self._measured(own, ids, texts, sampling.temperature or 1.0)
        gathered = self._processes.gather(rollouts)[: len(wanted)]
        self._recorder.sampled(command["phase"], command["step"], gathered)

    def _measured(
        self, problems: list[int], ids: list[list[int]], texts: list[str], temperature: float
    ) -> list[Rollout]:
        assert self._trainer is not None
        eos = self._eos()
        with self._trainer.accelerator.autocast():
            statistics = token_statistics(
                self._trainer.model_wrapped,
                [(self._job.prompts[problem].tokens, list(own)) for problem, own in zip(problems, ids, strict=True)],
                temperature=temperature,
                batch=self._job.micro_batch,
                pad=self._tokenizer.pad_token_id,
            )
        return [
            Rollout(problem, text, list(own), "stop" if own and own[-1] in eos else "length", known)
            for problem, text, own, known in zip(problems, texts, ids, statistics, strict=True)
        ]

    def _eos(self) -> list[int]:
        assert self._trainer is not None
        model = self._trainer.accelerator.unwrap_model(self._trainer.model)
        configured = model.generation_config.eos_token_id
        own = configured if isinstance(configured, list) else [configured]
        return sorted({token for token in [*own, self._tokenizer.eos_token_id] if token is not None})


class _random_numbers_of_its_own:
    """What is drawn inside leaves the random numbers of training as they are."""

    def __init__(self, seed: list[int]) -> None:
        self._seed = hash(tuple(seed)) & 0x7FFF_FFFF

    def __enter__(self) -> None:
        self._fork = torch.random.fork_rng(devices=range(torch.cuda.device_count()))
        self._fork.__enter__()
        torch.manual_seed(self._seed)

    def __exit__(self, *error: Any) -> None:
        self._fork.__exit__(*error)


def _arguments(job: Job) -> GRPOConfig:
    return grpo_arguments(
        job.folder / "output",
        job,
        # The engine says when; TRL's own checkpoints hold everything that a resumed run needs.
        save_strategy="no",
        disable_tqdm=True,
        **job.trl,
    )


def _tell_ready(events: Events, trainer: RollscopeTrainer, processes: int) -> None:
    parameters = list(trainer.accelerator.unwrap_model(trainer.model).parameters())
    events.tell(
        "ready",
        versions={"python": sys.version.split()[0], **_versions()},
        processes=processes,
        device=str(trainer.accelerator.device),
        trainable=sum(one.numel() for one in parameters if one.requires_grad),
    )


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
