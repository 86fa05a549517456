"""Trains this job with TRL: ``accelerate launch train.py --out <folder>``."""

import argparse
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains this job with TRL; the same command resumes it.")
    parser.add_argument("--out", required=True, help="folder for completions and checkpoints; shared by all nodes")
    parser.add_argument("--vllm", action="store_true", help="sample with vLLM on the training GPUs")
    given = parser.parse_args()
    from rollscope_trl.alone import train

    train(Path(__file__).resolve().parent, Path(given.out).absolute(), given.vllm)


if __name__ == "__main__":
    main()
