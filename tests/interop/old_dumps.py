"""Writes dumps as older versions of TRL and verl do, with their own functions, taken out of the packages' sources.

Only the package is needed, without what it imports: `pip download --no-deps trl==0.28.0`, unpacked. verl has
`_dump_generations` from 0.4 on, with references since 0.6, and `_write_generations` since 0.8; TRL writes completions to files in `GRPOTrainer.log` since 0.28.0, and before that to the terminal
and Weights & Biases only.

usage: python old_dumps.py trl|verl <package folder> <folder>   (trl needs pandas and pyarrow)
"""

import ast
import importlib
import inspect
import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

PROBLEMS = [("What is 2 + 3?", "5"), ("What is 7 x 8?", "56")]


def method(source: Path, of: str, name: str, base: type, scope: dict) -> type:
    """A class with one method of a class in a source file."""
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == of:
            node.body = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == name]
            node.bases, node.decorator_list = [ast.Name("Base", ast.Load())], []
            module = ast.fix_missing_locations(ast.Module([node], []))
            exec(compile(module, str(source), "exec"), scope | {"Base": base}, scope)
            return scope[of]
    raise SystemExit(f"{source} has no {of}")


def said(rollout: int, problem: int, step: int) -> str:
    """The second problem is answered wrongly from step 2 on, the first by the last rollout."""
    return PROBLEMS[problem][1] if rollout < 3 and not (problem == 1 and step > 1) else "54"


def names_in(package: Path) -> str:
    return (package / "trainer/ppo/ray_trainer.py").read_text()


def verl(package: Path, folder: Path):
    scope = {"os": os, "json": json}
    name = "_dump_generations"
    if "def _write_generations" in names_in(package):
        name = "_write_generations"
        scope["np"] = importlib.import_module("numpy")
    trainer = method(package / "trainer/ppo/ray_trainer.py", "RayPPOTrainer", name, object, scope)()
    for step in (1, 2):
        trainer.global_steps = step
        rows = [(problem, said(rollout, problem, step)) for rollout in range(4) for problem in range(2)]
        inputs = [f"system\nYou are a helpful assistant.\nuser\n{PROBLEMS[p][0]}\nassistant\n" for p, _ in rows]
        right = [float(answer == PROBLEMS[p][1]) for p, answer in rows]
        outputs = [f"The answer is \\boxed{{{answer}}}" for _, answer in rows]
        dump = getattr(trainer, name)
        known = {
            "inputs": inputs,
            "outputs": outputs,
            "gts": [PROBLEMS[p][1] for p, _ in rows],
            "scores": right,
            "reward_extra_infos_dict": {"acc": right},
            "dump_path": str(folder / "rollouts"),
            "global_steps": step,
        }
        dump(**{key: value for key, value in known.items() if key in inspect.signature(dump).parameters})


def trl(package: Path, folder: Path):
    class Base:
        def log(self, logs, start_time):
            pass

    scope = {
        "os": os,
        "pd": importlib.import_module("pandas"),
        "is_rich_available": lambda: False,
        "strip_images_from_messages": lambda messages: messages,
    }
    trainer = method(package / "trainer/grpo_trainer.py", "GRPOTrainer", "log", Base, scope)()
    trainer.model = SimpleNamespace(training=True)
    trainer._metrics = {"train": defaultdict(list)}
    trainer.accelerator = SimpleNamespace(is_main_process=True)
    trainer.log_completions = True
    trainer.args = SimpleNamespace(report_to=[], output_dir=str(folder))
    (folder / "completions").mkdir(parents=True)
    for step in (1, 2):
        trainer.state = SimpleNamespace(global_step=step)
        rows = [(problem, said(rollout, problem, step)) for problem in range(2) for rollout in range(4)]
        right = [float(answer == PROBLEMS[p][1]) for p, answer in rows]
        mean = [sum(right[4 * p : 4 * p + 4]) / 4 for p in range(2)]
        trainer._logs = {
            "prompt": [PROBLEMS[p][0] for p, _ in rows],
            "completion": [f"The answer is \\boxed{{{answer}}}" for _, answer in rows],
            "rewards": {"accuracy_reward": right},
            "advantages": [value - mean[p] for value, (p, _) in zip(right, rows)],
            "images": [],
            "extra": {},
        }
        trainer.log({}, None)


if __name__ == "__main__":
    kind, package, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    {"trl": trl, "verl": verl}[kind](package, folder)
