"""
Starts verl with the overrides of this job. Standard library only.

usage: python train.py --out <folder> [--print] [-- <Hydra override> ...]
"""

import argparse
import json
import os
import shlex
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Ray sets it for what `ray job submit` starts.
RAY_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
REWARD = "reward.reward_manager.module.path"
ENVIRONMENT = "+ray_kwargs.ray_init.runtime_env.env_vars"
FILES = ("data.train_files", "data.val_files", REWARD)


def command(out: Path, more: list[str], in_ray_job: bool, now: str) -> list[str]:
    """
    The command line of verl. Files of the job are named by whole paths, but in a Ray job: there each node has its own
    copy, in which its processes start.
    """
    lines: list[str] = json.loads((HERE / "overrides.json").read_text(encoding="utf-8"))
    overrides = lines if in_ray_job else [whole(line) for line in lines]
    folders = {
        "trainer.rollout_data_dir": out / "rollouts",
        "trainer.validation_data_dir": out / "validation",
        "trainer.default_local_dir": out / "checkpoints",
        # verl's file logger begins its file anew each time.
        "trainer.experiment_name": f"metrics-{now}",
        f"{ENVIRONMENT}.VERL_FILE_LOGGER_ROOT": out,
        # A Ray job has its folder on the path of every process.
        **({} if in_ray_job else {f"{ENVIRONMENT}.PYTHONPATH": os.pathsep.join(python_path())}),
    }
    own = [f"{key}={quoted(str(value))}" for key, value in folders.items()]
    return [sys.executable, "-m", "verl.trainer.main_ppo", *overrides, *own, *more]


def python_path() -> list[str]:
    return [str(HERE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]


def whole(override: str) -> str:
    key, _, value = override.partition("=")
    return f"{key}={quoted(str(HERE / value))}" if key in FILES else override


def quoted(text: str) -> str:
    """As Hydra reads it: a backslash counts in front of a quote only."""
    return "'" + text.replace("'", "\\'").replace("${", "\\${") + "'"


def main() -> None:
    parser = argparse.ArgumentParser(description="Starts verl with the overrides of this job.")
    parser.add_argument(
        "--out", required=True, help="folder for rollouts, metrics and checkpoints; shared by all nodes"
    )
    parser.add_argument("--print", action="store_true", help="print the command and end")
    parser.add_argument("overrides", nargs="*", help="further Hydra overrides, after --")
    given = parser.parse_args()
    in_ray_job = RAY_JOB in os.environ
    if in_ray_job and not os.path.isabs(given.out):
        parser.error("--out must be an absolute path in a Ray job: its working folder is removed with the job")
    parts = command(Path(given.out).absolute(), given.overrides, in_ray_job, time.strftime("%Y%m%d-%H%M%S"))
    if given.print:
        print(shlex.join(parts))
        return
    os.execv(parts[0], parts)


if __name__ == "__main__":
    main()
