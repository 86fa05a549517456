"""Does what the engine says between two steps: samples, saves, continues, ends."""

from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from .commands import Commands, Events
from .processes import AccelerateProcesses

Sample = Callable[[dict[str, Any]], None]


class Ended(Exception):
    """The engine wants no more of this run."""


class Driver(TrainerCallback):
    """Waits for the engine before the first step and after each."""

    def __init__(
        self,
        processes: AccelerateProcesses,
        commands: Commands | None,
        events: Events | None,
        sample: Sample,
        resume: str | None,
    ) -> None:
        self._processes = processes
        #: Both None on all processes but the first.
        self._commands = commands
        self._events = events
        self._sample = sample
        self._saved: dict[int, str | None] = {0: None}
        self._resume = resume

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self._resume is not None:
            self._saved[state.global_step] = self._resume
        self._tell("training", step=state.global_step)
        self._obey(state, control)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        # The last log of a training sums it up, and is of no step.
        if not logs or "loss" not in logs:
            return
        metrics = {name: value for name, value in logs.items() if isinstance(value, (int, float))}
        self._tell("step", step=state.global_step, metrics=metrics)
        self._obey(state, control)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        # Each process writes files of its own.
        self._processes.wait()
        folder = f"{args.output_dir}/{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
        self._saved[state.global_step] = folder
        self._tell("saved", step=state.global_step, folder=folder)
        self._obey(state, control)

    def _obey(self, state: TrainerState, control: TrainerControl) -> None:
        while True:
            command = self._processes.broadcast(self._commands.next() if self._commands else None)
            kind = command["command"]
            if kind == "sample":
                self._sample(command)
            elif kind == "step":
                return
            elif kind == "end":
                raise Ended
            elif kind == "save":
                step = state.global_step
                if step not in self._saved:
                    control.should_save = True
                    return
                self._tell("saved", step=step, folder=self._saved[step])

    def _tell(self, event: str, **facts: Any) -> None:
        if self._events is not None:
            self._events.tell(event, **facts)
