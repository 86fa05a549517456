"""Ends a process of the tests that Ray or the system would leave behind: `end_with(pid)`."""

import os
import signal
import threading
import time


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_with(pid: int, wanted: int = signal.SIGKILL, *, group: bool = True) -> None:
    """Sends this process, with its group unless told otherwise, a signal once the process `pid` is gone."""

    def watch() -> None:
        while lives(pid):
            time.sleep(0.5)
        if group:
            os.killpg(os.getpgrp(), wanted)
        else:
            os.kill(os.getpid(), wanted)

    threading.Thread(target=watch, daemon=True).start()
