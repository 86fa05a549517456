"""Writes TensorBoard event files with torch's SummaryWriter (floats) and TensorBoard's own writer (tensors of one number).

usage: python tensorboard_events.py <folder>     needs torch, tensorboard
"""

import sys
from pathlib import Path

import torch
from tensorboard.summary import Writer
from torch.utils.tensorboard import SummaryWriter


def renamed(folder: Path, begun: int):
    """The names of event files have the time and the machine in them."""
    (file,) = folder.glob("events.out.tfevents.*")
    file.rename(folder / f"events.out.tfevents.{begun}.trainer.0")


def main():
    folder = Path(sys.argv[1])
    writer = SummaryWriter(str(folder))
    for step in range(1, 5):
        writer.add_scalar("train/loss", 0.5 / step, step)
        writer.add_scalar("train/reward", 0.25 * step, step)
        writer.add_histogram("lengths", torch.arange(10.0), step)
    writer.add_scalar("train/grad_norm", float("nan"), 2)
    writer.add_text("note", "not a number", 1)
    writer.add_image("picture", torch.zeros(3, 4, 4), 1)
    writer.close()
    renamed(folder, 1000)
    # The trainer was started again from step 2, and came to something else.
    later = Writer(str(folder / "runs" / "again"))
    for step in range(3, 6):
        later.add_scalar("train/loss", 2.0 ** -step, step)
    later.close()
    renamed(folder / "runs" / "again", 2000)


main()
