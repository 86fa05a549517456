"""A Ray cluster of one node with its dashboard, in the foreground: `ray start --head --block` with more patience.

usage: python verl_cluster.py <folder> <dashboard port> <first of ten other ports>

`python` in its jobs is `verl_launch.py`, which puts a stand-in in verl's place. SIGTERM ends the cluster, and so does the end
of the process that started it. Its jobs lead sessions of their own, so each watches whether the cluster lives.
"""

import os
import signal
import sys
import time
from pathlib import Path

import ray._private.services as services
from ray.scripts.scripts import main

HERE = Path(__file__).absolute().parent
sys.path.insert(0, str(HERE))
from verl_watch import end_with  # noqa: E402

PATIENCE = 300.0
folder, dashboard, first = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

programs = folder / "bin"
programs.mkdir(parents=True, exist_ok=True)
python = programs / "python"
python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "verl_launch.py"}" "$@"\n')
python.chmod(0o755)
os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
os.environ["ROLLSCOPE_TEST_CLUSTER"] = str(os.getpid())
end_with(os.getppid(), signal.SIGTERM, group=False)
os.environ["RAY_memory_monitor_refresh_ms"] = "0"
# Ray starts its workers with bash, which takes a socket as input, as Node makes it, for a login from elsewhere: it would read
# the user's ~/.bashrc, which may put another `python` in front.
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

get_node = services.get_node


def patient_get_node(*given, **named):
    """Ray waits for 30 seconds, which is little on a machine that is busy."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return get_node(*given, **named)
        except RuntimeError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


services.get_node = patient_get_node
sys.argv = [
    *("ray", "start", "--head", "--block", "--disable-usage-stats", "--num-cpus", "4"),
    *("--port", str(first), "--dashboard-host", "127.0.0.1", "--dashboard-port", dashboard),
    # Ports that are not given are looked for by Ray's processes, for which others wait too shortly.
    *("--dashboard-agent-listen-port", str(first + 1), "--dashboard-agent-grpc-port", str(first + 2)),
    *("--runtime-env-agent-port", str(first + 3), "--metrics-export-port", str(first + 4)),
    *("--node-manager-port", str(first + 5), "--object-manager-port", str(first + 6)),
    *("--object-store-memory", "100000000", "--temp-dir", str(folder / "ray")),
]
main()
