"""The file that verl's configuration names: it finds the package beside it, wherever the job is on this node."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if HERE not in sys.path:
    sys.path.insert(0, HERE)

from rollscope_verl.manager import RollscopeRewardManager  # noqa: E402

__all__ = ["RollscopeRewardManager"]
