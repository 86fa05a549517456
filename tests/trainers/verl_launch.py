"""Runs a job's `train.py` with the stand-in in verl's place: as the program `python` of a cluster of the tests.

usage: python verl_launch.py train.py <its arguments>
"""

import os
import runpy
import sys
from pathlib import Path

STANDIN = Path(__file__).absolute().parent / "verl_standin.py"
sys.argv = sys.argv[1:]
sys.path.insert(0, os.getcwd())
execute = os.execv


def with_standin(program: str, parts: list[str]) -> None:
    [package] = [i for i, part in enumerate(parts) if part == "verl.trainer.main_ppo"]
    execute(program, [program, str(STANDIN), *parts[package + 1 :]])


os.execv = with_standin
runpy.run_path(sys.argv[0], run_name="__main__")
