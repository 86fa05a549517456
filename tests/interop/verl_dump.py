"""Writes verl's dumps with verl's own code: `_write_generations` of its trainer, and its file logger.

The functions are taken out of the package's source, because importing verl's trainer needs Ray and vLLM.

usage: python verl_dump.py <verl package folder> <folder>
"""

import ast
import importlib
import json
import os
import sys
from pathlib import Path


def taken(source: Path, name: str, scope: dict):
    """A function or class of a source file, compiled on its own."""
    tree = ast.parse(source.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            node.decorator_list = []
            exec(compile(ast.Module([node], []), str(source), "exec"), scope)
            return scope[name]
    raise SystemExit(f"{source} has no {name}")


def prompt(question: str) -> str:
    """As a Qwen template reads once the special tokens are stripped."""
    return f"system\nYou are a helpful assistant.\nuser\n{question}\nassistant\n"


def main():
    verl, folder = Path(sys.argv[1]), Path(sys.argv[2])
    numpy = importlib.import_module("numpy")
    write = taken(
        verl / "trainer/ppo/v1/trainer_base.py", "_write_generations", {"os": os, "json": json, "np": numpy}
    )
    problems = [("What is 2 + 3?", "5"), ("What is 7 x 8?", "56")]
    for step in range(1, 4):
        inputs, outputs, truths, scores, right = [], [], [], [], []
        for rollout in range(4):
            for i, (question, answer) in enumerate(problems):
                # the second problem is answered wrongly from step 2 on
                said = answer if rollout < 3 and not (i == 1 and step > 1) else "54"
                inputs.append(prompt(question))
                outputs.append(f"Step {step}.\nThe answer is \\boxed{{{said}}}")
                truths.append(answer)
                right.append(numpy.bool_(said == answer))
                # the score that trains rewards something else once
                scores.append(numpy.float32(said == answer))
        # verl's own grader is wrong about one rollout
        right[0] = numpy.bool_(step != 3)
        write(inputs, outputs, truths, scores, {"acc": right, "uid": list(range(8))}, str(folder / "rollouts"), step)
    for step in (0, 3):
        inputs = [prompt(question) for question, _ in problems]
        outputs = [f"\\boxed{{{answer}}}" for _, answer in problems]
        truths = [answer for _, answer in problems]
        write(inputs, outputs, truths, [1.0, 1.0], {}, str(folder / "validation"), step)
    orjson = importlib.import_module("orjson")
    logger = taken(verl / "utils/tracking.py", "FileLogger", {"os": os, "orjson": orjson})
    os.environ["VERL_FILE_LOGGER_PATH"] = str(folder / "metrics.jsonl")
    log = logger("project", "experiment")
    for step in range(1, 4):
        log.log({"actor/pg_loss": 0.1 * step, "actor/grad_norm": 1.0, "critic/score/mean": numpy.float64(0.5)}, step)
    log.finish()


main()
