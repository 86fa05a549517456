"""Trains a job of Rollscope with TRL: ``accelerate launch train_trl.py <job.json>``."""

import sys

from rollscope_trl.run import main

if __name__ == "__main__":
    main(sys.argv)
